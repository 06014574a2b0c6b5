/**
 * Marks the objects of a class so that every copy of this package knows them. One process may hold several copies: two
 * versions in node_modules, a bundle beside the package, a test runner's realm for every test file. Each has classes of
 * its own, and `instanceof` knows no other copy's objects.
 */
type Branded =
  | "OmniRouterError"
  | "ModelPool"
  | "History"
  | "Prices"
  | "TextEmbedder"
  | "InputTokenEstimator"
  | "NeighbourPredictor";

const keyOf = (name: Branded) => Symbol.for(`@omnirouter/core/${name}`);

/** For the class's static block: `brand(History.prototype, "History")`. */
export function brand(prototype: object, name: Branded): void {
  Object.defineProperty(prototype, keyOf(name), { value: true });
}

/** Whether the value is an object of the class, whichever copy's. */
export function isBranded(value: unknown, name: Branded): boolean {
  return typeof value === "object" && value !== null && keyOf(name) in value;
}

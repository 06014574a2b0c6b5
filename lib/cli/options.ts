import { InvalidArgumentError, Option } from "commander";
import { SELECTIONS } from "../history/record.js";

/** Parsers of option values; what they refuse is wrong usage, told with the option's name. */

export function wholeNumber(least: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number >= ${least}.`);
    return value;
  };
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError("It must be a number from 0 to 1.");
  return value;
}

/** A probability above 0 and below 1. */
export function probability(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value < 1))
    throw new InvalidArgumentError("It must be a number above 0 and below 1, such as 0.95.");
  return value;
}

/** USD. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("It must be an amount in USD >= 0, without a currency sign.");
  return value;
}

/** `MODEL=QUERIES`, gathered over all the times the option is given. Models' names may hold "=" themselves. */
export function capacity(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const [, model, count] = /^(.+)=(\d+)$/s.exec(text) ?? [];
  if (model === undefined) throw new InvalidArgumentError("It must be MODEL=QUERIES, such as gpt-4o=500.");
  return Object.assign(Object.create(null), before, { [model]: wholeNumber(0)(count!) });
}

/** How the graded models of a command's records were selected. */
export function selectionOption(): Option {
  return new Option(
    "--selection <how>",
    "how it was decided which models were graded, of records that do not say it themselves; promises of realised quality rest on it",
  ).choices(SELECTIONS);
}

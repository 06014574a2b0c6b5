/**
 * The same for names that people take for one: what is left of a name without its case, its blanks and all that is not seen,
 * in one of the ways in which Unicode can write it.
 */
export function lookOf(name: string): string {
  return name
    .normalize("NFKC")
    .replace(/[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, "")
    .toLowerCase();
}

/** The one among the names that looks like this one and is another. */
export function lookAlike(name: string, names: Iterable<string>): string | undefined {
  const look = lookOf(name);
  for (const other of names) if (other !== name && lookOf(other) === look) return other;
  return undefined;
}

/** `"e\u0301"` for an é that is two characters: what is not ASCII by its number, so that names can be compared. */
export function byNumbers(name: string): string {
  return JSON.stringify(name).replace(
    /[\u007f-\uffff]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `"e\u0301" looks like "\u00e9" and is another name: they differ in how Unicode writes them`. */
export function differenceInWords(name: string, other: string): string {
  const [a, b] = [name, other].map(text => text.normalize("NFC"));
  const how =
    a === b
      ? "how Unicode writes them"
      : a!.toLowerCase() === b!.toLowerCase()
        ? "upper and lower case"
        : a!.trim() === b!.trim()
          ? "blanks at the ends"
          : "blanks, or characters that are not seen or seen alike";
  return `${byNumbers(name)} looks like ${byNumbers(other)} and is another name: they differ in ${how}`;
}

/** The place after the quote that closes the literal which the quote at `open` opens; the text's end without one. */
export function endOfQuoted(text: string, open: number): number {
  const quote = text[open]!;
  for (let at = text.indexOf(quote, open + 1); at !== -1; at = text.indexOf(quote, at + 1)) {
    let before = at - 1;
    while (text[before] === "\\") before--;
    const isEscaped = (at - before) % 2 === 0;
    if (!isEscaped) return at + 1;
  }
  return text.length;
}

/** What a topic's queries are made of. Hard words are what a difficult query has more of: all that its text betrays. */
export interface Topic {
  readonly name: string;
  readonly openings: readonly string[];
  readonly easy: readonly string[];
  readonly hard: readonly string[];
}

const words = (text: string) => text.split(" ");

export const TOPICS: readonly Topic[] = [
  {
    name: "arithmetic",
    openings: ["Calculate", "How much is", "Work out"],
    easy: words(
      "apples price total half double change minutes boxes share sum twice dozen coins eggs tickets",
    ),
    hard: words(
      "compound annuity modulo residue telescoping recurrence harmonic logarithm asymptotic binomial",
    ),
  },
  {
    name: "code",
    openings: ["Write a function for", "What does this print:", "Fix the bug in"],
    easy: words(
      "list string loop print reverse sort count file name index length append split upper integer",
    ),
    hard: words("deadlock memoize closure coroutine reentrant bitmask amortised monad lifetime vectorised"),
  },
  {
    name: "support",
    openings: ["A customer asks about", "Answer politely:", "Reply to a mail on"],
    easy: words(
      "refund order password delivery invoice address receipt login return parcel account voucher email",
    ),
    hard: words(
      "chargeback escheatment arbitration indemnity jurisdiction retroactive prorated escrow statute",
    ),
  },
  {
    name: "summary",
    openings: ["Summarise the text on", "Give the main points of", "Shorten this note about"],
    easy: words(
      "meeting agenda team update holiday weather garden travel recipe museum school football music",
    ),
    hard: words(
      "epistemology counterfactual dialectic heteronomy exegesis ontological hermeneutic teleology",
    ),
  },
  {
    name: "extraction",
    openings: ["Extract all", "List every", "Return as JSON the"],
    easy: words(
      "dates names cities amounts phones titles emails colours sizes brands months countries prices",
    ),
    hard: words(
      "coreference anaphora nested ellipsis implicature disjunction normalised provenance ambiguous",
    ),
  },
  {
    name: "science",
    openings: ["Explain", "Which statement is true of", "Why is there"],
    easy: words("water light planet heart plant energy magnet oxygen gravity sound cell battery rain muscle"),
    hard: words(
      "eigenstate enthalpy chirality renormalisation epistasis stoichiometry tensor anisotropy fermion",
    ),
  },
];

/** Words of every topic and of no meaning here, as real queries are full of them. */
export const FILLERS: readonly string[] = words(
  "the a of and with for in please between each when that this into some given about from under after",
);

// All numbers that pass between TypeScript and the solver lie in one Float64Array, a *frame*: the request, and behind
// it the answer. A call then costs a few views of memory, and no reading or making of objects through Node-API.
//
// This table is the layout; native/bindings/assignment_frame.cc is its other side and checks every size and index again.
//
//     request   REQUEST fields
//               per quantity   QUANTITY fields
//               per limit      LIMIT fields
//     answer    ANSWER fields
//               per quantity   its sum over the plan
//               per model      its number of queries
//               per limit      FATE fields
//               per conflict   the index of a limit
//               per missed     the index of a limit
//               per reachable  REACHABLE fields
//               per relaxed    RELAXED fields
//
// A frontier's answer is an array of its own: per point POINT fields, per quantity its sum, per limit its price; what a
// point has no value for is NaN.

/** Told to the addon, so that one of another release is refused and not misread. Raised by a release that changes the rest. */
export const LAYOUT = 3;

/** The solver's bound on the number of models: one 64-bit word of allowed models per query. */
export const MAX_MODELS = 64;
export const MAX_QUANTITIES = 8;
export const MAX_LIMITS = 512;
export const MAX_GROUPS = 1024;

export const REQUEST = {
  layout: 0,
  rows: 1,
  models: 2,
  quantities: 3,
  limits: 4,
  groups: 5,
  /** Index of the quantity that is kept small among plans of equal objective, or large (`tieLarge`); or -1. */
  tieBreak: 6,
  /** 1: the limits' prices are to start from. */
  warm: 7,
  // The options, as AssignOptions has them. A new one is one line here and one in assignment_frame.cc.
  gapTolerance: 8,
  nodeLimit: 9,
  seed: 10,
  diagnose: 11,
  timeLimit: 12,
  relax: 13,
  /** Or -1: ties go to the lowest index. */
  ties: 14,
  /** 1: the quantity of the tie-break is to be kept large among equals. */
  tieLarge: 15,
  size: 16,
} as const;

export const QUANTITY = {
  /** The greatest value allowed; the least is 0. */
  most: 0,
  /** In the minimised objective. */
  weight: 1,
  size: 2,
} as const;

export const LIMIT = {
  /** Index of the limited quantity, or -1 for the number of queries. */
  quantity: 0,
  /** 1: the mean over `scope` queries is bounded, not the sum. */
  mean: 1,
  /** 1: at least `bound`; 0: at most. */
  atLeast: 2,
  /** As stated: of the mean, where that is bounded. */
  bound: 3,
  /** Number of queries the limit is over. */
  scope: 4,
  /** Or -1 for all. */
  group: 5,
  /** Or -1 for all. */
  model: 6,
  /** To start from, or to choose by. */
  price: 7,
  size: 8,
} as const;

/** In the order of native/compute/work.h. */
export const WORK = ["entries", "softmins", "nodes", "pivots", "moves"] as const;

export const ANSWER = {
  /** Index into STATUSES. */
  status: 0,
  /** Index into STOP_REASONS. */
  stopped: 1,
  objective: 2,
  bound: 3,
  gap: 4,
  evaluations: 5,
  /** One counter for each of WORK. */
  work: 6,
  violation: 11,
  conflicts: 12,
  missed: 13,
  reachable: 14,
  relaxed: 15,
  size: 16,
} as const;

/** Of sums, also where a mean is bounded. */
export const FATE = { price: 0, total: 1, slack: 2, size: 3 } as const;

export const REACHABLE = { limit: 0, found: 1, value: 2, bound: 3, size: 4 } as const;

export const RELAXED = { limit: 0, to: 1, size: 2 } as const;

/** `status` is an index into STATUSES. */
export const POINT = { status: 0, objective: 1, bound: 2, gap: 3, size: 4 } as const;

export function limitAt(quantities: number, limit: number): number {
  return REQUEST.size + QUANTITY.size * quantities + LIMIT.size * limit;
}

/** Where everything lies in a frame that has been filled in. */
export function placesOf(numbers: ArrayLike<number>) {
  const quantities = numbers[REQUEST.quantities]!;
  const limits = numbers[REQUEST.limits]!;
  const answer = limitAt(quantities, limits);
  const sums = answer + ANSWER.size;
  const requests = sums + quantities;
  const fates = requests + numbers[REQUEST.models]!;
  const conflicts = fates + FATE.size * limits;
  const missed = conflicts + numbers[answer + ANSWER.conflicts]!;
  const reachable = missed + numbers[answer + ANSWER.missed]!;
  const relaxed = reachable + REACHABLE.size * numbers[answer + ANSWER.reachable]!;
  const end = relaxed + RELAXED.size * numbers[answer + ANSWER.relaxed]!;
  return { answer, sums, requests, fates, conflicts, missed, reachable, relaxed, end };
}

function longest(quantities: number, models: number, limits: number): number {
  const perLimit = FATE.size + 1 + 1 + REACHABLE.size + RELAXED.size;
  const answer = ANSWER.size + quantities + models + perLimit * limits;
  return limitAt(quantities, limits) + answer;
}

/** Of a frame that has room for any answer to its request. */
export function frameLength(numbers: ArrayLike<number>): number {
  return longest(numbers[REQUEST.quantities]!, numbers[REQUEST.models]!, numbers[REQUEST.limits]!);
}

/**
 * The request and the answer, in an array that is the plan's own. A plain one: up to a few hundred numbers, V8 makes it
 * several times faster than a typed array, whose memory lies outside its heap.
 */
export function copyAnswered(numbers: Float64Array): number[] {
  const { end } = placesOf(numbers);
  const copy = new Array<number>(end);
  for (let n = 0; n < end; n++) copy[n] = numbers[n]!;
  return copy;
}

/** The memory of one call at a time. */
export class Frame {
  readonly numbers = new Float64Array(longest(MAX_QUANTITIES, MAX_MODELS, MAX_LIMITS));
  /** Queries per group. */
  readonly groupRows = new Uint32Array(MAX_GROUPS);

  static readonly #idle: Frame[] = [];

  /**
   * Lends an idle frame to the call. There is more than one only if a getter of the caller's problem makes a call of its
   * own.
   */
  static use<T>(call: (frame: Frame) => T): T {
    const frame = Frame.#idle.pop() ?? new Frame();
    try {
      return call(frame);
    } finally {
      Frame.#idle.push(frame);
    }
  }
}

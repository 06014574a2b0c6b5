import { seededRandom } from "../../random.js";
import { modelMeans } from "../outcomes.js";
import type { Method, Rules } from "./method.js";
import { priceRules, qualityPrices } from "./price-rules.js";
import { fitScored } from "./scored.js";
import { singleModels } from "./tuning.js";

/** Every query to a model drawn at random, each as likely as the others. */
export const random: Method = {
  id: "random",
  label: "Random",
  about: "Every query to a model drawn at random.",
  async fit(split) {
    const draw = seededRandom(split.seed);
    const scoresOf = (cells: number) => Float32Array.from({ length: cells }, () => draw.uniform());
    const scores = {
      history: scoresOf(split.outcomes.history.quality.length),
      heldOut: scoresOf(split.outcomes.heldOut.quality.length),
    };
    return fitScored(split, { rules: side => oneRule(cell => scores[side][cell]!) });
  },
};

/** Every query to the model that was the cheapest in the history. */
export const cheapest: Method = {
  id: "cheapest",
  label: "Cheapest model",
  about: "Every query to the model that costs least in the history; where it is full, to the next cheapest.",
  async fit(split) {
    const { cost } = modelMeans(split.outcomes.history);
    const { cheapest: first } = singleModels(split.outcomes.history);
    return fitScored(split, {
      rules: () =>
        oneRule(cell => {
          const column = cell % split.pool.size;
          return column === first ? Number.NEGATIVE_INFINITY : cost[column]!;
        }),
    });
  },
};

/** One model for all queries, whichever its mean quality and cost in the history make the best at a price of quality. */
export const bestSingle: Method = {
  id: "best-single",
  label: "Best single model",
  about:
    "One model for every query, by its means in the history: at the highest price of quality the best single model, at lower ones a cheaper.",
  async fit(split) {
    const { history, heldOut } = split.outcomes;
    const means = modelMeans(history);
    const repeated = (values: Float64Array, rows: number) =>
      Float32Array.from({ length: rows * history.width }, (_, cell) => values[cell % history.width]!);
    const prices = qualityPrices(split);
    const rules = (rows: number) =>
      priceRules(prices, repeated(means.quality, rows), repeated(means.cost, rows));
    const sides = { history: rules(history.rows), heldOut: rules(heldOut.rows) };
    return fitScored(split, {
      predicted: { quality: repeated(means.quality, heldOut.rows) },
      rules: side => sides[side],
    });
  },
};

function oneRule(score: (cell: number) => number): Rules {
  return { count: 1, score: () => score };
}

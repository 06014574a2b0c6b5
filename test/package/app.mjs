// An application to be bundled: fits a router, saves it in the folder that is named, and routes a query. Prints one line
// of JSON. Loading the package must succeed even where its addon is missing, which is then an error of its own class.
import { OmniRouterError, Router } from "@omnirouter/core";

const records = Array.from({ length: 40 }, (_, i) => ({
  id: `h${i}`,
  query: `question ${i} about ${i % 7}`,
  outcomes: { small: { quality: i % 2, outputTokens: 5 }, large: { quality: 1, outputTokens: 9 } },
}));
const models = [
  { name: "small", inputPer1M: 1, outputPer1M: 2 },
  { name: "large", inputPer1M: 3, outputPer1M: 4 },
];

async function run() {
  try {
    const router = await Router.fit(records, { models });
    if (process.argv[2] !== undefined) await router.save(process.argv[2]);
    const plan = await router.route(["question 3 about 3"], { minQuality: 0.5 });
    return { feasible: plan.feasible };
  } catch (error) {
    const { code, message } = /** @type {OmniRouterError} */ (error);
    return { known: error instanceof OmniRouterError, code, message };
  }
}

run().then(said => console.log(JSON.stringify(said)));

// node examples/service.mjs
// POST /route {"query": "..."} -> {"model", "answer", ...}. Requests that come within a few milliseconds of each other are
// one batch: routed together under one floor, then sent upstream, each to its model.
import { pathToFileURL } from "node:url";
import Fastify from "fastify";
import { startStub } from "./stub-upstream.mjs";
import { simulatedRouter } from "./workload.mjs";

/** Requests wait this long for company, and no longer once there are so many. */
const WAIT_MS = 5;
const MOST = 256;

/** Gathers what is asked one by one, and has `serve` answer it by the batch. */
export class MicroBatcher {
  #waiting = [];
  #timer;
  #serve;

  constructor(serve) {
    this.#serve = serve;
  }

  ask(query) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ query, resolve, reject });
      if (this.#waiting.length >= MOST) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS);
    });
  }

  async #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.splice(0);
    try {
      const answers = await this.#serve(batch.map(({ query }) => query));
      batch.forEach(({ resolve }, i) => {
        resolve(answers[i]);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

export function buildService({ router, minQuality, upstream, apiKey = "none" }) {
  const app = Fastify();
  const batcher = new MicroBatcher(async queries => {
    // A floor that a handful of queries cannot reach is no reason to send none: the best there is, then.
    const plan = await router.route(queries, { minQuality }, { relax: true, diagnose: false });
    return [...plan].map(({ model, values }) => ({ model, batch: plan.size, ...values }));
  });
  app.post(
    "/route",
    { schema: { body: { type: "object", required: ["query"], properties: { query: { type: "string" } } } } },
    async ({ body }, reply) => {
      const { model, batch, quality, cost } = await batcher.ask(body.query);
      const response = await fetch(`${upstream}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ model, messages: [{ role: "user", content: body.query }] }),
      });
      if (!response.ok) return reply.code(502).send({ error: `${model} answered ${response.status}` });
      const { choices } = await response.json();
      return { model, batch, predicted: { quality, cost }, answer: choices[0].message.content };
    },
  );
  return app;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { router, workload } = await simulatedRouter();
  const stub = process.env.OPENAI_BASE_URL === undefined ? await startStub() : undefined;
  const upstream = process.env.OPENAI_BASE_URL ?? stub.url;
  const app = buildService({ router, minQuality: 0.8, upstream, apiKey: process.env.OPENAI_API_KEY });
  await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" });
  console.error(`${stub ? "Answers come from a stub. " : ""}Try:`);
  const example = JSON.stringify({ query: workload.queries[0].query });
  console.error(
    `curl -s 127.0.0.1:${app.server.address().port}/route -H 'content-type: application/json' -d '${example.replaceAll("'", "'\\''")}'`,
  );
}

import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  OmniRouterError,
  OpenAIEmbedder,
  type OpenAIEmbedderOptions,
  type TextProblem,
} from "../../lib/index.js";
import { type Answer, endpoint, send, vectorOf, wellFormed } from "./endpoint.js";

const KEY = "sk-test-5f1c0ffee5f1c0ffee";

function embedder(baseURL: string, options: Partial<OpenAIEmbedderOptions> = {}) {
  return new OpenAIEmbedder({
    model: "test-model",
    baseURL,
    apiKey: KEY,
    dimension: 3,
    retryDelayMs: 1,
    ...options,
  });
}

function unit(vector: number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map(x => x / norm);
}

function expectVectors(got: Float32Array, texts: string[]) {
  expect(got.length).toBe(texts.length * 3);
  for (const [i, text] of texts.entries())
    for (const [c, x] of (text.trim() === "" ? [0, 0, 0] : unit(vectorOf(text))).entries())
      expect(got[i * 3 + c]).toBeCloseTo(x, 6);
}

/** What embedding one text rejects with. */
async function failure(answer: Answer, options: Partial<OpenAIEmbedderOptions> = {}) {
  await using server = await endpoint(answer);
  const error: unknown = await embedder(server.baseURL, { retries: 2, ...options })
    .embed(["a", "bb"])
    .then(
      () => undefined,
      error => error,
    );
  expect(error).toBeInstanceOf(OmniRouterError);
  expect((error as OmniRouterError).code).toBe("ERR_OMNI_EMBEDDER");
  expect(inspect(error, { depth: 9 })).not.toContain(KEY);
  return { message: (error as Error).message, requests: server.requests.length };
}

const data = (...embeddings: unknown[]) => ({
  data: embeddings.map((embedding, index) => ({ index, embedding })),
});

describe("OpenAIEmbedder", () => {
  it("asks as OpenAI's API expects, in batches, and puts the rows in the texts' order", async () => {
    let authorization: string | undefined;
    let url: string | undefined;
    await using server = await endpoint((request, response, incoming, number) => {
      ({ authorization } = incoming.headers);
      ({ url } = incoming);
      expect(incoming.headers["x-team"]).toBe("blue");
      // Later requests overtake earlier ones.
      setTimeout(() => wellFormed(request, response, incoming, number), 30 - 5 * number);
    });
    const texts = ["a", "bb", "", "ccc", "dddd", "  ", "eeeee", "漢字"];
    const one = embedder(`${server.baseURL}/`, { batchSize: 2, headers: { "x-team": "blue" } });
    expectVectors(await one.embed(texts), texts);
    expect(authorization).toBe(`Bearer ${KEY}`);
    expect(url).toBe("/v1/embeddings");
    expect(server.requests.map(request => request.input).sort()).toEqual([
      ["a", "bb"],
      ["ccc", "dddd"],
      ["eeeee", "漢字"],
    ]);
    expect(server.requests[0]).toMatchObject({ model: "test-model", encoding_format: "float" });
    expect(server.requests[0]).not.toHaveProperty("dimensions");
    expect(one.fingerprint).toBe("openai:test-model:3");
    expect(await one.embed([])).toEqual(new Float32Array(0));
    expect(await one.embed(["", "\n"])).toEqual(new Float32Array(6));
    expect(server.requests.length).toBe(3);
  });

  it("learns the dimension from the endpoint, or asks for one", async () => {
    await using server = await endpoint(wellFormed);
    const options = { model: "m", baseURL: server.baseURL };
    expect((await OpenAIEmbedder.connect(options)).dimension).toBe(3);
    expect(server.requests.length).toBe(1);
    const asked = await OpenAIEmbedder.connect({ ...options, dimensions: 3 });
    expect(server.requests.length).toBe(1);
    await asked.embed(["a"]);
    expect(server.requests[1]!.dimensions).toBe(3);
  });

  it("asks a key function before each request, and keeps a query in the URL", async () => {
    const seen: (string | undefined)[] = [];
    await using server = await endpoint((request, response, incoming, number) => {
      seen.push(incoming.headers.authorization, incoming.url);
      wellFormed(request, response, incoming, number);
    });
    let turn = 0;
    const one = embedder(`${server.baseURL}?api-version=1`, {
      apiKey: async () => `key-${++turn}`,
      batchSize: 1,
      concurrency: 1,
    });
    await one.embed(["a", "b"]);
    expect(seen).toEqual([
      "Bearer key-1",
      "/v1/embeddings?api-version=1",
      "Bearer key-2",
      "/v1/embeddings?api-version=1",
    ]);
  });

  it("has as many requests under way as allowed, and never more", async () => {
    let most = 0;
    let waiting: (() => void)[] = [];
    await using server = await endpoint(async (request, response, incoming, number) => {
      // Answers only once three are waiting: with fewer under way it would hang.
      await new Promise<void>(resolve => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
        if (waiting.length < 3) return;
        for (const release of waiting) setTimeout(release, 5);
        waiting = [];
      });
      await wellFormed(request, response, incoming, number);
    });
    const texts = Array.from({ length: 12 }, (_, i) => "x".repeat(i + 1));
    expectVectors(await embedder(server.baseURL, { batchSize: 1, concurrency: 3 }).embed(texts), texts);
    expect(most).toBe(3);
  });

  it("reorders by index", async () => {
    await using server = await endpoint(({ input }, response) => {
      const entries = input.map((text, index) => ({ index, embedding: vectorOf(text) }));
      send(response, 200, { data: entries.reverse() });
    });
    expectVectors(await embedder(server.baseURL).embed(["a", "bb", "ccc"]), ["a", "bb", "ccc"]);
  });

  it("retries 429, 500, 503 and cut connections until it is answered", async () => {
    await using server = await endpoint((request, response, incoming, number) => {
      if (number <= 3) send(response, [429, 500, 503][number - 1]!, { error: { message: "busy" } });
      else if (number === 4) response.destroy();
      else wellFormed(request, response, incoming, number);
    });
    expectVectors(await embedder(server.baseURL).embed(["a"]), ["a"]);
    expect(server.requests.length).toBe(5);
  });

  it("waits as long as Retry-After says", async () => {
    for (const headers of [{ "retry-after": "0.2" }, { "retry-after-ms": "200" }] as Record<
      string,
      string
    >[]) {
      await using server = await endpoint((request, response, incoming, number) =>
        number === 1 ? send(response, 429, "{}", headers) : wellFormed(request, response, incoming, number),
      );
      await embedder(server.baseURL).embed(["a"]);
      expect(server.times[1]! - server.times[0]!).toBeGreaterThan(190);
    }
  });

  it("gives up at once where Retry-After asks for more than it may wait", async () => {
    const date = new Date(Date.now() + 3600_000).toUTCString();
    for (const wait of ["3600", date]) {
      const { message, requests } = await failure((_, response) =>
        send(response, 429, "slow down", { "retry-after": wait }),
      );
      expect(message).toMatch(/answered 429: slow down/);
      expect(requests).toBe(1);
    }
  });

  it("gives up after its retries, and without any on a refusal", async () => {
    expect(await failure((_, response) => send(response, 500, "oh no"))).toMatchObject({
      message: expect.stringMatching(/answered 500: oh no/),
      requests: 3,
    });
    for (const status of [400, 401, 404, 413, 422]) {
      const { message, requests } = await failure((_, response) =>
        send(response, status, `no: Bearer ${KEY} is bad`),
      );
      expect(message).toContain(`answered ${status}: no: Bearer [hidden] is bad`);
      // Where one of the two texts may be why, the first of them is asked for by itself.
      expect(requests).toBe([401, 404].includes(status) ? 1 : 2);
    }
  });

  /** OpenAI's limits, at 4 characters a token, and a word that it does not like. */
  const limited: Answer = (request, response, ...rest) => {
    const tokens = request.input.map(text => Math.ceil(text.length / 4));
    const refusal = tokens.some(count => count > 8192)
      ? "maximum context length is 8192 tokens"
      : tokens.reduce((sum, count) => sum + count, 0) > 300_000
        ? "max 300000 tokens per request"
        : request.input.some(text => text.includes("forbidden"))
          ? "not to be embedded"
          : undefined;
    if (refusal === undefined) return wellFormed(request, response, ...rest);
    send(response, 400, { error: { message: refusal } });
  };

  it("packs requests within the limits, and cuts the text that is too long, and no other", async () => {
    await using server = await endpoint(limited);
    const one = embedder(server.baseURL, { batchSize: 128 });
    const texts = Array.from({ length: 200 }, (_, i) => `q${i} ${"word ".repeat(2400)}`);
    texts[77] = `${"x".repeat(40_000)} the end`;
    texts[78] = "é".repeat(200_000);
    const problems: TextProblem[] = [];
    const told = embedder(server.baseURL, {
      batchSize: 128,
      onTextProblem: problem => problems.push(problem),
    });
    const vectors = await told.embed(texts);
    expect(problems.map(({ index, kind }) => `${index} ${kind}`).sort()).toEqual(["77 cut", "78 cut"]);
    expect(server.requests.length).toBeLessThan(12);
    const sent = server.requests.flatMap(({ input }) => input);
    const ends = sent.filter(text => text.endsWith(" the end") && text.length <= 32_768);
    expect(ends).toHaveLength(1);
    expect(ends[0]).toMatch(/^x+\nx+ the end$/);
    expect(sent.every(text => !text.includes("\ufffd"))).toBe(true);
    for (const row of [0, 76, 199])
      expect([...vectors.subarray(3 * row, 3 * row + 3)]).toEqual(
        unit(vectorOf(texts[row]!)).map(x => Math.fround(x)),
      );
    expect(await one.embed(texts)).toEqual(vectors);
  });

  it("finds the one text that is refused, and spoils no other with it where somebody is told", async () => {
    await using server = await endpoint(limited);
    const texts = Array.from({ length: 100 }, (_, i) => (i === 42 ? "a forbidden word" : `text ${i}`));
    await expect(embedder(server.baseURL).embed(texts)).rejects.toMatchObject({
      code: "ERR_OMNI_EMBEDDER",
      message: expect.stringMatching(/^texts\[42\] is refused: .*not to be embedded/),
    });
    const problems: TextProblem[] = [];
    const vectors = await embedder(server.baseURL, {
      onTextProblem: problem => problems.push(problem),
    }).embed(texts);
    expect(problems).toMatchObject([{ index: 42, kind: "refused" }]);
    expect([...vectors.subarray(126, 129)]).toEqual([0, 0, 0]);
    expect(vectors.findLastIndex(x => x > 0)).toBe(299);
  });

  it("rejects texts that are too long where it is told to", async () => {
    await using server = await endpoint(limited);
    for (const length of [40_000, 400_000])
      await expect(
        embedder(server.baseURL, { longTexts: "error" }).embed(["a", "x".repeat(length)]),
      ).rejects.toMatchObject({ message: expect.stringMatching(/^texts\[1\] is (refused|too long)/) });
  });

  it("gives up soon where the endpoint refuses whatever it is sent", async () => {
    await using server = await endpoint((_, response) => send(response, 400, "no such parameter"));
    const texts = Array.from({ length: 128 }, () => "word ".repeat(5000));
    await expect(embedder(server.baseURL, { concurrency: 1 }).embed(texts)).rejects.toThrow(
      /no such parameter/,
    );
    expect(server.requests.length).toBeLessThan(20);
  });

  it("reads no more of an answer than its vectors can take", async () => {
    let written = 0;
    await using server = await endpoint(async (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.on("error", () => {});
      const chunk = " ".repeat(1 << 16);
      while (!response.destroyed && written < 1 << 28) {
        written += chunk.length;
        if (!response.write(chunk)) await sleep(1);
      }
      response.end();
    });
    await expect(embedder(server.baseURL, { retries: 0 }).embed(["a"])).rejects.toThrow(/longer than/);
    expect(written).toBeLessThan(1 << 25);
  });

  it("follows no redirect, which would take its headers to another host", async () => {
    await using elsewhere = await endpoint(wellFormed);
    for (const status of [301, 302, 307, 308]) {
      const { message, requests } = await failure(
        (_, response) => send(response, status, "", { location: `${elsewhere.baseURL}/embeddings` }),
        { headers: { "api-key": KEY } },
      );
      expect(message).toMatch(new RegExp(`answered ${status}, a redirect, which is not followed`));
      expect(requests).toBe(1);
    }
    expect(elsewhere.requests).toEqual([]);
  });

  it("times out, and retries that too", async () => {
    const silent: Answer = () => undefined;
    const { message, requests } = await failure(silent, { timeoutMs: 400, retries: 1 });
    expect(message).toMatch(/did not answer within 400 ms/);
    expect(requests).toBe(2);
    // Headers come, the rest never does.
    const stalled: Answer = (_, response) => void response.writeHead(200).write("{");
    expect((await failure(stalled, { timeoutMs: 400, retries: 0 })).message).toMatch(
      /did not answer within 400 ms/,
    );
  });

  it("says that nothing listens there", async () => {
    const server = await endpoint(wellFormed);
    await server[Symbol.asyncDispose]();
    await expect(embedder(server.baseURL, { retries: 1 }).embed(["a"])).rejects.toMatchObject({
      code: "ERR_OMNI_EMBEDDER",
      message: expect.stringMatching(/could not be reached: .*ECONNREFUSED/),
    });
  });

  it.each<[string, unknown, RegExp]>([
    ["too few", data([1, 2, 3]), /1 vectors for 2 texts/],
    ["too many", data([1, 2, 3], [1, 2, 3], [1, 2, 3]), /3 vectors for 2 texts/],
    ["no data", { vectors: [] }, /no list named data/],
    ["null", null, /no list named data/],
    ["not JSON", "<html>hello</html>", /not JSON: <html>hello<\/html>/],
    ["wrong dimension", data([1, 2, 3], [1, 2]), /data\[1\]\.embedding has 2 dimensions where 3/],
    [
      "null component",
      data([1, 2, 3], [1, null, 3]),
      /data\[1\]\.embedding holds something that is not a finite/,
    ],
    [
      "overflow",
      '{"data":[{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1e999,2,3]}]}',
      /not a finite/,
    ],
    ["NaN", '{"data":[{"index":0,"embedding":[1,2,NaN]},{"index":1,"embedding":[1,2,3]}]}', /not JSON/],
    ["base64", data("AAAA", "AAAA"), /not a list of numbers/],
    ["null entry", { data: [null, null] }, /data\[0\]\.embedding is not a list/],
    [
      "same index",
      { data: [0, 0].map(index => ({ index, embedding: [1, 2, 3] })) },
      /two vectors have the index 0/,
    ],
    [
      "index out of range",
      { data: [0, 2].map(index => ({ index, embedding: [1, 2, 3] })) },
      /data\[1\]\.index is not/,
    ],
    [
      "fractional index",
      { data: [0, 0.5].map(index => ({ index, embedding: [1, 2, 3] })) },
      /data\[1\]\.index is not/,
    ],
  ])("refuses an answer that breaks the contract: %s", async (_, body, message) => {
    const got = await failure((_, response) => send(response, 200, body));
    expect(got.message).toMatch(message);
    expect(got.requests).toBe(1);
  });

  it("takes vectors of any finite size, and a zero vector as zero", async () => {
    await using server = await endpoint((_, response) =>
      send(response, 200, data([1e300, 0, 0], [0, 0, 0], [1e-300, 0, 0])),
    );
    expect(await embedder(server.baseURL).embed(["a", "b", "c"])).toEqual(
      Float32Array.of(1, 0, 0, 0, 0, 0, 1, 0, 0),
    );
  });

  it("stops when aborted: before, while waiting for an answer, while waiting to retry", async () => {
    const reason = new Error("enough");
    const midFlight = new AbortController();
    await using never = await endpoint((_, __, ___, number) => {
      if (number === 4) midFlight.abort(reason);
    });
    await expect(embedder(never.baseURL).embed(["a"], { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(never.requests.length).toBe(0);
    const texts = ["a", "b", "c", "d", "e"];
    await expect(
      embedder(never.baseURL, { batchSize: 1 }).embed(texts, { signal: midFlight.signal }),
    ).rejects.toBe(reason);
    expect(never.requests.length).toBe(4);

    await using busy = await endpoint((_, response) => send(response, 429, "{}", { "retry-after": "30" }));
    const waiting = new AbortController();
    setTimeout(() => waiting.abort("a reason that is no Error"), 30);
    await expect(embedder(busy.baseURL).embed(["a"], { signal: waiting.signal })).rejects.toBe(
      "a reason that is no Error",
    );
    await expect(
      OpenAIEmbedder.connect({ model: "m", baseURL: never.baseURL, signal: AbortSignal.timeout(20) }),
    ).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("one failed batch stops the others", async () => {
    await using server = await endpoint((request, response) => {
      if (request.input[0] === "b") send(response, 400, "bad b");
      // The others are never answered: only an abort ends them.
    });
    await expect(
      embedder(server.baseURL, { batchSize: 1, concurrency: 2, timeoutMs: 600_000 }).embed(["a", "b", "c"]),
    ).rejects.toThrow(/bad b/);
  });

  it("never shows the key: not on failure, not when inspected, not in an invalid header", async () => {
    const one = embedder("http://127.0.0.1:1/v1");
    expect(inspect(one, { depth: 9, showHidden: true }) + JSON.stringify(one)).not.toContain(KEY);
    for (const apiKey of [`${KEY}\n`, () => `${KEY}\u2028`]) {
      const error: unknown = await embedder("http://127.0.0.1:1/v1", { apiKey })
        .embed(["a"])
        .catch(error => error);
      expect(error).toMatchObject({ code: "ERR_OMNI_EMBEDDER" });
      expect(inspect(error, { depth: 9 })).not.toContain(KEY);
    }
    await expect(embedder("http://127.0.0.1:1/v1", { apiKey: () => "" }).embed(["a"])).rejects.toThrow(
      /gave no key/,
    );
    const broken = () => Promise.reject(new Error("vault sealed"));
    await expect(embedder("http://127.0.0.1:1/v1", { apiKey: broken }).embed(["a"])).rejects.toMatchObject({
      message: expect.stringMatching(/apiKey function failed/),
      cause: expect.objectContaining({ message: "vault sealed" }),
    });
  });

  it("refuses options of the wrong kind, naming them", async () => {
    // biome-ignore lint/suspicious/noExplicitAny: what a caller without types may pass
    const wrong = (options: any, argument: string) =>
      expect(() => new OpenAIEmbedder({ model: "m", dimension: 3, ...options })).toThrow(
        expect.objectContaining({ code: "ERR_OMNI_INVALID_ARGUMENT", argument }),
      );
    wrong({ model: "" }, "model");
    wrong({ dimension: undefined }, "dimension");
    wrong({ dimension: 1.5 }, "dimension");
    wrong({ dimensions: 4 }, "dimension");
    wrong({ dimensions: 0 }, "dimensions");
    wrong({ apiKey: "" }, "apiKey");
    wrong({ apiKey: 5 }, "apiKey");
    wrong({ longTexts: "cu" }, "longTexts");
    wrong({ maxTokens: 5 }, "options.maxTokens");
    wrong({ onTextProblem: 5 }, "options.onTextProblem");
    for (const baseURL of ["nowhere", "ftp://x", "https://user:secret@host/v1"])
      wrong({ baseURL }, "baseURL");
    for (const name of ["batchSize", "concurrency", "timeoutMs", "maxTokensPerText", "maxTokensPerRequest"])
      wrong({ [name]: 0 }, name);
    for (const name of ["timeoutMs", "retryDelayMs", "maxRetryDelayMs"]) wrong({ [name]: 2 ** 31 }, name);
    for (const name of ["retries", "retryDelayMs", "maxRetryDelayMs"]) wrong({ [name]: -1 }, name);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    await expect(embedder("http://127.0.0.1:1/v1").embed(["a", 1] as any)).rejects.toMatchObject({
      argument: "texts[1]",
    });
  });
});

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface EmbeddingsRequest {
  model: string;
  input: string[];
  encoding_format?: string;
  dimensions?: number;
}
export type Answer = (
  request: EmbeddingsRequest,
  response: ServerResponse,
  incoming: IncomingMessage,
  number: number,
) => void | Promise<void>;

/** An `/v1/embeddings` endpoint on this machine, which answers as told. */
export async function endpoint(answer: Answer) {
  const requests: EmbeddingsRequest[] = [];
  const times: number[] = [];
  const server = createServer(async (incoming, response) => {
    let body = "";
    for await (const chunk of incoming) body += chunk;
    const request = JSON.parse(body) as EmbeddingsRequest;
    requests.push(request);
    times.push(performance.now());
    await answer(request, response, incoming, requests.length);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    times,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** A text's vector under the test's own rule: its length, and the code of its first character. */
export const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0), 1];

export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

export const wellFormed: Answer = ({ input }, response) =>
  send(response, 200, { data: input.map((text, index) => ({ index, embedding: vectorOf(text) })) });

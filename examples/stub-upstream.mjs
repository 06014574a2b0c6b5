// An OpenAI-compatible endpoint that answers nothing real, and says so: for trying a service without a provider.
import Fastify from "fastify";

export async function startStub() {
  const app = Fastify();
  app.post("/v1/chat/completions", async ({ body }) => ({
    object: "chat.completion",
    model: body.model,
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        message: {
          role: "assistant",
          content: `This is a stub, not ${body.model}: nobody has read your question.`,
        },
      },
    ],
  }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { url: `http://127.0.0.1:${app.server.address().port}/v1`, close: () => app.close() };
}

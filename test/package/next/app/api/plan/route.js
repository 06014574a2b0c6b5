import { assign } from "@omnirouter/core";

export const dynamic = "force-dynamic";

export async function GET() {
  try {
    const quantities = { cost: Float32Array.of(2, 1) };
    const plan = assign({ models: ["a", "b"], quantities, objective: { minimize: "cost" } });
    return Response.json({ status: plan.status, choice: [...plan.choice] });
  } catch (error) {
    return Response.json({ code: error.code, message: error.message }, { status: 500 });
  }
}

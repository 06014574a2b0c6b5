import { selectionCounts } from "../floors/evidence.js";
import { printable, printableJson } from "../printable.js";
import { inspectParts } from "../router/saved.js";
import { formatCount, formatMoney, formatQuality } from "./format.js";
import { omissionsInWords } from "./omissions.js";
import { withOutput } from "./output.js";
import type { AddCommand } from "./program.js";
import { selectionsInWords } from "./selections.js";
import type { Session } from "./session.js";
import { formatTable, hasColor } from "./tables.js";

const examples = `
Examples:
  omnirouter inspect router
  omnirouter inspect router --json | jq '.models[].name'`;

export const addInspect: AddCommand = (program, session) => {
  program
    .command("inspect")
    .description(
      "say what is in a saved router: models, history, embedder, files; every checksum is verified",
    )
    .argument("<folder>", "a router saved by omnirouter fit")
    .option("--json", "as one JSON object")
    .addHelpText("after", examples)
    .action((folder: string, { json }: { json?: boolean }) => inspect(folder, json === true, session));
};

async function inspect(folder: string, json: boolean, session: Session): Promise<void> {
  const { manifest, pool, history, index, neighbours } = await inspectParts(folder, session.signal);
  const models = pool.models.map((model, column) => ({
    ...model,
    ...history.report.models[column]!,
    meanQuality: mean(history.quality, column, pool.size),
    meanCost: mean(history.cost, column, pool.size),
  }));
  const selections = selectionCounts(history);
  const facts = {
    generation: manifest.generation,
    createdAt: manifest.createdAt,
    packageVersion: manifest.packageVersion,
    formatVersion: manifest.version,
    embedder: manifest.embedder,
    dimension: index.dimension,
    index: index.kind,
    predictor: "hybrid",
    neighbours,
    records: history.size,
    selections,
    ungraded: history.report.ungraded,
    unknownModels: history.report.unknownModels,
    skipped: history.report.skipped,
    withoutOutcomes: history.report.withoutOutcomes,
    unknownKeys: history.report.unknownKeys,
    priceDoubts: history.report.priceDoubts,
    models: models.map(({ model: _, ...rest }) => rest),
    files: manifest.files,
  };
  if (json) {
    await withOutput(undefined, session, write => write(`${printableJson(facts, 2)}\n`));
    return;
  }
  const color = hasColor(session.stdout, session);
  const perMillion = (usd: number) => `$${usd}`;
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const omissions = [...omissionsInWords(history.report), ...selectionsInWords(selections)].map(
    line => `${printable(line)}\n`,
  );
  const text = [
    `generation ${facts.generation}, saved ${printable(facts.createdAt)} by version ${printable(facts.packageVersion)}, ${formatCount(Math.ceil(bytes / 1024))} KiB`,
    `history    ${formatCount(history.size)} queries`,
    `embedder   ${printable(facts.embedder ?? "-")}`,
    `index      ${facts.index}, ${formatCount(index.size)} vectors of ${facts.dimension} dimensions`,
    `predictor  ${formatCount(neighbours)} nearest neighbours, and a trained half`,
    "",
    formatTable(
      models,
      [
        { head: "model", align: "left", cell: ({ name }) => name },
        { head: "input/1M", cell: ({ inputPer1M }) => perMillion(inputPer1M) },
        { head: "output/1M", cell: ({ outputPer1M }) => perMillion(outputPer1M) },
        {
          head: "capacity",
          cell: ({ capacity }) => (capacity === undefined ? "-" : formatCount(capacity)),
        },
        { head: "graded", cell: ({ graded }) => formatCount(graded) },
        { head: "mean quality", cell: ({ meanQuality }) => formatQuality(meanQuality) },
        { head: "mean cost", cell: ({ meanCost }) => formatMoney(meanCost) },
      ],
      color,
    ),
  ].join("\n");
  await withOutput(undefined, session, write => write(text + omissions.join("")));
}

/** Mean of a column's known values; NaN without any. */
function mean(matrix: Float32Array, column: number, width: number): number {
  let [sum, count] = [0, 0];
  for (let at = column; at < matrix.length; at += width)
    if (!Number.isNaN(matrix[at]!)) {
      sum += matrix[at]!;
      count++;
    }
  return sum / count;
}

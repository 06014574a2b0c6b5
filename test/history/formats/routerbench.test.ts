// The tables here are written for these tests, after the columns and cells of published excerpts; none is real.
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BadRecord } from "../../../lib/history/read.js";
import { all, bytes, invalid } from "../reading.js";

const header =
  "sample_id,prompt,eval_name,small/a,big-b,small/a|model_response,big-b|model_response,small/a|total_cost,big-b|total_cost,oracle_model_to_route_to";
const table = [
  header,
  `arc.val.1,"['Answer with ""A"" or ""B"".\\n\\nWhich?', ""It's this""]",arc,0.0,1.0,['A'],['B'],1.5e-05,0.00074,big-b`,
  `mtbench.7,"plain text, over`,
  `two lines",mtbench,0.75,,[],"[""x`,
  "",
  `y""]",6.57e-05,nan,small/a`,
  "mbpp.2,['单'],mbpp,True,False,,,,0.001,no_model_correct",
  "",
].join("\n");

const records = [
  {
    id: "arc.val.1",
    query: 'Answer with "A" or "B".\n\nWhich?\n\nIt\'s this',
    task: "arc",
    outcomes: { "small/a": { quality: 0, cost: 1.5e-5 }, "big-b": { quality: 1, cost: 0.00074 } },
  },
  {
    id: "mtbench.7",
    query: "plain text, over\ntwo lines",
    task: "mtbench",
    outcomes: { "small/a": { quality: 0.75, cost: 6.57e-5 } },
  },
  {
    id: "mbpp.2",
    query: "单",
    task: "mbpp",
    outcomes: { "small/a": { quality: 1 }, "big-b": { quality: 0, cost: 0.001 } },
  },
];
const crlf = (text: string) => text.replaceAll("\n", "\r\n");

describe("RouterBench's wide table is read", () => {
  it.each([
    ["as CSV", table],
    ["without a last line break", table.trimEnd()],
    ["with a byte order mark and blank lines around it", `\ufeff\n\n${table}\n   \n`],
    [
      "with pandas's column of row numbers",
      table.replace(/^(?=sample_id)/, ",").replace(/^(?=arc|mtb|mbpp)/gm, "0,"),
    ],
    ["gzipped", gzipSync(table)],
  ])("%s", async (_, content) => {
    expect(await all(bytes(content))).toEqual(records);
    expect(await all(bytes(content), { format: "routerbench" })).toEqual(records);
  });

  it("with CRLF, which stays as it is inside of cells", async () => {
    const [first, second, third] = records;
    const expected = [first, { ...second, query: "plain text, over\r\ntwo lines" }, third];
    expect(await all(bytes(crlf(table)))).toEqual(expected);
  });

  it("in chunks of any size", async () => {
    const whole = Buffer.from(table);
    for (let size = 1; size < whole.length; size = size * 2 + 1) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      expect(await all(bytes(...chunks))).toEqual(records);
    }
  });

  it("as JSON records, one a line or in an array, where prompts may be lists", async () => {
    const rows = [
      {
        sample_id: "s",
        prompt: ["one", "two"],
        eval_name: "e",
        m: 1,
        n: false,
        "m|total_cost": 0.5,
        "n|total_cost": null,
        "m|model_response": "x",
      },
    ];
    const expected = [
      {
        id: "s",
        query: "one\n\ntwo",
        task: "e",
        outcomes: { m: { quality: 1, cost: 0.5 }, n: { quality: 0 } },
      },
    ];
    expect(await all(bytes(rows.map(row => JSON.stringify(row)).join("\n")))).toEqual(expected);
    expect(await all(bytes(JSON.stringify(rows)))).toEqual(expected);
    expect(await all(bytes(JSON.stringify(rows, null, 2)))).toEqual(expected);
    expect(await all(rows)).toEqual(expected);
  });

  it("without the oracle's columns", async () => {
    const [record] = await all(bytes("prompt,m,m|total_cost,oracle,oracle|total_cost\nq,1,2,1,2\n"));
    expect(Object.keys(record!.outcomes)).toEqual(["m"]);
  });

  it("whatever its cells hold", async () => {
    const cell = fc.string({ unit: "binary", maxLength: 12 }).map(text => Buffer.from(text).toString());
    const grade = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
    const row = fc.record({
      prompt: cell,
      answer: cell,
      m: grade,
      n: grade,
      cost: fc.double({ min: 0, max: 9, noNaN: true }),
    });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.constantFrom("\n", "\r\n"), async (rows, lineBreak) => {
        const text = [
          "sample_id,prompt,m,n,m|model_response,m|total_cost,n|total_cost",
          ...rows.map(({ prompt, answer, m, n, cost }, index) =>
            // A list of Python's is read as its texts: not what this is about.
            [`s${index}`, quoted(`.${prompt}`), m ?? "", n ?? "", quoted(answer), cost, ""].join(),
          ),
        ].join(lineBreak);
        const read = await all(bytes(text));
        expect(read.map(({ query }) => query)).toEqual(rows.map(({ prompt }) => `.${prompt}`));
        expect(
          read.map(({ outcomes }) => [outcomes.m?.quality, outcomes.n?.quality, outcomes.m?.cost]),
        ).toEqual(rows.map(({ m, n, cost }) => [m && m + 0, n && n + 0, cost + 0]));
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe("RouterBench's long table is read", () => {
  const long = [
    "sample_id,prompt,eval_name,performance,model_response,model_name,cost",
    "s1,['one'],e,1.0,x,m,0.5",
    "s2,['two'],e,0.25,x,m,0.25",
    "s1,['one'],e,0.0,y,n,2",
  ];

  it("as a record for each query", async () => {
    expect(await all(bytes(long.join("\n")))).toEqual([
      {
        id: "s1",
        query: "one",
        task: "e",
        outcomes: { m: { quality: 1, cost: 0.5 }, n: { quality: 0, cost: 2 } },
      },
      { id: "s2", query: "two", task: "e", outcomes: { m: { quality: 0.25, cost: 0.25 } } },
    ]);
  });

  it("but for a second outcome of a model", async () => {
    const twice = bytes([...long, "s2,['two'],e,1.0,z,m,1"].join("\n"));
    await expect(all(twice)).rejects.toMatchObject(
      invalid("input:5: is a second outcome of m for its query, first at input:3"),
    );
  });

  it("but for a row without a model", async () => {
    await expect(all(bytes([long[0], "s2,['two'],e,1.0,z,,1"].join("\n")))).rejects.toMatchObject(
      invalid("input:2: model_name is missing"),
    );
  });
});

describe("errors in RouterBench's CSV name the line on which the row starts", () => {
  const bad = (row: string) => `${table}\n\n${row}\nlast,q,e,0,0,,,1,1,x\n`;
  it.each([
    [
      "a grade out of range",
      "s,q,e,1.5,0,,,1,1,x",
      'outcomes["small/a"].quality must be between 0 and 1, got 1.5',
    ],
    [
      "a grade that is no number",
      "s,q,e,good,0,,,1,1,x",
      'outcomes["small/a"].quality must be between 0 and 1, got "good"',
    ],
    [
      "an infinite cost",
      "s,q,e,1,0,,,inf,1,x",
      'outcomes["small/a"].cost must be a finite number >= 0, got "inf"',
    ],
    ["a missing cell", "s,q,e,1,0,,,1,1", "has 9 fields for 10 columns"],
    ["a cell too many", 's,"q\n\n",e,1,0,,,1,1,x,y', "has 11 fields for 10 columns"],
    ["an id that occurs twice", "mbpp.2,q,e,1,0,,,1,1,x", 'id "mbpp.2" occurs twice, first at input:LINE'],
  ])("%s", async (_, row, reason) => {
    for (const [text, first] of [
      [bad(row), 7],
      [crlf(bad(row)), 7],
    ] as const) {
      const message = `input:10: ${reason.replace("LINE", String(first))}`;
      await expect(all(bytes(text))).rejects.toMatchObject(invalid(message));
      const left: BadRecord[] = [];
      const read = await all(bytes(text), { onBadRecord: record => left.push(record) });
      expect(left.map(({ source, line, reason }) => `${source}:${line}: ${reason}`)).toEqual([message]);
      expect(read.map(({ id }) => id)).toEqual(["arc.val.1", "mtbench.7", "mbpp.2", "last"]);
    }
  });

  it("a file cut short inside quotes, even where bad records are skipped", async () => {
    for (const text of [table, crlf(table)])
      await expect(
        all(bytes(text.slice(0, text.indexOf("two lines"))), { onBadRecord: () => {} }),
      ).rejects.toMatchObject(invalid(/^input:3: .* never closed: the file is cut short$/));
  });

  it("a file cut short anywhere, but for whole rows before the cut", async () => {
    const expected = records.map(record => JSON.stringify(record));
    for (let length = 0; length < table.length; length++) {
      const bad: BadRecord[] = [];
      const cut = bytes(table.slice(0, length));
      const read = await all(cut, { format: "routerbench", onBadRecord: record => bad.push(record) }).catch(
        error => {
          expect(error).toMatchObject(invalid(/./));
          return [];
        },
      );
      expect(expected.slice(0, read.length)).toEqual(read.map(record => JSON.stringify(record)));
      expect(bad.length).toBeLessThanOrEqual(1);
    }
  });

  it("a gzipped file cut short anywhere", async () => {
    const zipped = gzipSync(table);
    for (let length = 2; length < zipped.length; length++)
      await expect(all(bytes(zipped.subarray(0, length)), { onBadRecord: () => {} })).rejects.toMatchObject(
        invalid(/the gzip stream is cut short/),
      );
  });

  it("a quote out of place", async () => {
    for (const row of ['s,"q"x,e,1,0,,,1,1,x', 's,q"x,e,1,0,,,1,1,x'])
      await expect(all(bytes(`${header}\n${row}\n`), { onBadRecord: () => {} })).rejects.toMatchObject(
        invalid(/^input:2: .* quote out of place/),
      );
  });

  it("two columns of one name", async () => {
    await expect(all(bytes(`${header},big-b\n`))).rejects.toMatchObject(
      invalid('input:1: has two columns "big-b"'),
    );
  });

  it("a row without end", async () => {
    const endless = (async function* () {
      yield `${header}\ns,"`;
      for (let part = 0; part < 20; part++) yield "x".repeat(1 << 20);
    })();
    await expect(all(endless)).rejects.toMatchObject(
      invalid(/^input:2: .* longer than 16 MiB: a quote is missing$/),
    );
  });

  it("what is not UTF-8", async () => {
    const latin = Buffer.from(`${header}\ns,caf\xe9,e,1,0,,,1,1,x\n`, "latin1");
    await expect(all(bytes(latin))).rejects.toMatchObject(invalid(/not UTF-8 text$/));
    const cut = Buffer.from(`${header}\ns,é`).subarray(0, -1);
    await expect(all(bytes(cut))).rejects.toMatchObject(invalid(/not UTF-8 text$/));
  });

  it("a table without a model, where it is said to be RouterBench's", async () => {
    await expect(all(bytes("id,prompt\n1,q\n"), { format: "routerbench" })).rejects.toMatchObject(
      invalid("input:2: has no model: no column MODEL|total_cost or MODEL|model_response"),
    );
  });
});

// Rows of a table API: blocks of 200 rows by 16 columns, fetched as they come into sight.
import { fetchJson, withQuery } from "../dom.js";

const ROWS = 200;
const COLUMNS = 16;
const KEPT = 80;
const KINDS = [[/number|int|float|decimal|double/i, "number"], [/instant|date|time/i, "instant"], [/bool/i, "bool"], [/json/i, "json"]];

export function tableRows(src, sort, changed, names) {
  const blocks = new Map();
  const pending = new Map();
  const ask = (offset, columns, signal) => fetchJson(withQuery(src, { sort, offset, limit: ROWS, columns: columns?.join() }), signal);

  function keep(key, cells) {
    blocks.set(key, cells);
    if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value);
  }

  async function fetchBlock(key, k, b) {
    if (pending.has(key)) return;
    const abort = new AbortController();
    pending.set(key, Object.assign(abort, { k }));
    const columns = rows.columns.slice(b * COLUMNS, (b + 1) * COLUMNS).map((column) => column.key);
    await ask(k * ROWS, columns, abort.signal).then(
      (answer) => keep(key, answer.rows),
      (error) => error.name !== "AbortError" && new Promise((resolve) => setTimeout(resolve, 3000)));
    pending.delete(key);
    changed();
  }

  const rows = {
    length: 0,
    items: [],
    row: (i) => ({ id: i, at: i }),
    /** The value, undefined until it has come. */
    cell(i, j) {
      const [k, b] = [Math.floor(i / ROWS), Math.floor(j / COLUMNS)];
      const block = blocks.get(`${k}:${b}`);
      if (!block && rows.columns) fetchBlock(`${k}:${b}`, k, b);
      return block?.[i % ROWS]?.[j % COLUMNS];
    },
    /** What is far from these rows need not be fetched any more. */
    forget(first, last) {
      for (const abort of pending.values()) if (abort.k < Math.floor(first / ROWS) - 1 || abort.k > last / ROWS + 1) abort.abort();
    },
    async load() {
      const answer = await ask(0, names);
      for (let b = 0; b * COLUMNS < answer.columns.length; b++) keep(`0:${b}`, answer.rows.map((row) => row.slice(b * COLUMNS, (b + 1) * COLUMNS)));
      rows.length = answer.total;
      rows.total = { count: answer.total, exact: true };
      rows.columns = answer.columns.map(({ name, type, data_type }, j) => {
        const sample = answer.rows.map((row) => row[j]);
        return {
          key: name,
          title: name,
          note: data_type ?? type,
          kind: KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? "text",
          exact: true,
          days: sample.every((value) => value == null || /T00:00:00(\.0+)?(Z|\+00:00)$/.test(value)),
          missing: "null",
          sortable: true,
          sample,
          read: (row) => rows.cell(row.at, j),
        };
      });
    },
    destroy: () => pending.forEach((abort) => abort.abort()),
  };
  return rows;
}

// Rows of a table API: blocks of 200 rows by 16 columns, fetched as they come into sight.
import { fetchJson, withQuery } from "../dom.js";

const ROWS = 200;
const COLUMNS = 16;
const KEPT = 80;

export function tableRows(src, { sort, names }, changed) {
  const blocks = new Map();
  const pending = new Map();
  let all = [];
  const ask = (offset, columns, signal) => fetchJson(withQuery(src, { sort, offset, limit: ROWS, columns: columns?.join(",") }), signal);

  function keep(k, b, cells) {
    blocks.set(`${k}:${b}`, cells);
    if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value);
  }

  async function fetchBlock(k, b) {
    const key = `${k}:${b}`;
    if (pending.has(key)) return;
    const abort = new AbortController();
    pending.set(key, abort);
    try {
      const columns = all.slice(b * COLUMNS, (b + 1) * COLUMNS);
      keep(k, b, (await ask(k * ROWS, columns, abort.signal)).rows);
      changed();
    } catch (error) {
      if (error.name !== "AbortError") setTimeout(changed, 3000);
    } finally {
      pending.delete(key);
    }
  }

  const rows = {
    length: 0,
    items: [],
    fresh: 0,
    row: (i) => ({ at: i }),
    /** The value, undefined until it has come. */
    cell(i, j) {
      const [k, b] = [Math.floor(i / ROWS), Math.floor(j / COLUMNS)];
      const block = blocks.get(`${k}:${b}`);
      if (!block) fetchBlock(k, b);
      return block?.[i % ROWS]?.[j % COLUMNS];
    },
    seen(first, last) {
      for (const [key, abort] of pending) {
        const k = Number(key.split(":")[0]);
        if (k < Math.floor(first / ROWS) - 1 || k > Math.floor(last / ROWS) + 1) abort.abort();
      }
    },
    async load() {
      const answer = await ask(0, names);
      all = answer.columns.map((column) => column.name);
      for (let b = 0; b * COLUMNS < all.length; b++) keep(0, b, answer.rows.map((row) => row.slice(b * COLUMNS, (b + 1) * COLUMNS)));
      rows.items = answer.rows.slice(0, 60);
      rows.length = answer.total;
      rows.total = { count: answer.total, exact: true };
      rows.columns = answer.columns.map(({ name, type, data_type }, j) => ({
        key: name,
        title: name,
        note: data_type ?? type,
        kind: { number: "number", instant: "instant", bool: "bool", json: "json" }[type] ?? (/int|float|decimal|double/i.test(type) ? "number" : /date|time/i.test(type) ? "instant" : /bool/i.test(type) ? "bool" : "text"),
        exact: true,
        missing: "null",
        sortable: true,
        sample: answer.rows.map((row) => row[j]),
        read: (row) => rows.cell(row.at, j),
      }));
    },
    destroy: () => pending.forEach((abort) => abort.abort()),
  };
  return rows;
}

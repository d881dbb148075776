// Where rows come from. A list API grows by cursor and is patched in place; a table API is fetched by blocks.
import { fetchJson, withQuery } from "../dom.js";

const PAGE = 100;
const BLOCK = [200, 16]; // rows, columns
const KEPT_BLOCKS = 80;
const KINDS = { number: /number|int|float|decimal|double/i, instant: /instant|date|time/i, bool: /bool/i, json: /json/i };

const without = (some, others) => {
  const ids = new Set(others.map(({ id }) => id));
  return some.filter(({ id }) => !ids.has(id));
};

export function listRows(src, sort, changed) {
  const cursors = new Map(); // row id → cursor of its page
  const abort = new AbortController();
  let next, pending, news;

  async function fetchPage(cursor) {
    const page = await fetchJson(withQuery(src, { sort, cursor, limit: PAGE }), abort.signal);
    for (const { id } of page.items) cursors.set(id, cursor);
    rows.total = page.total;
    return page;
  }

  async function more() {
    pending ??= fetchPage(next).then((page) => {
      next = page.next;
      rows.items.push(...without(page.items, rows.items));
      changed();
    }, () => setTimeout(changed, 3000)).finally(() => (pending = null));
  }

  const rows = {
    items: [],
    get length() { return rows.items.length + (next ? 20 : 0); },
    get fresh() { return news ? without(news.items, rows.items).length : 0; },
    row(i) {
      if (i >= rows.items.length && next) more();
      return rows.items[i];
    },
    async load() {
      ({ items: rows.items, next } = await fetchPage(null));
    },
    /** Asks again for the first page and those in sight; new rows wait while `held`. */
    async refresh(seen, held) {
      for (const cursor of new Set([null, ...seen.map(({ id }) => cursors.get(id) ?? null)])) {
        const page = await fetchPage(cursor);
        const byId = new Map(page.items.map((item) => [item.id, item]));
        rows.items = rows.items.map((item) => byId.get(item.id) ?? item);
        if (!cursor) news = page;
      }
      if (!held || !rows.fresh) rows.accept();
      changed();
    },
    /** Lets the new rows in. What left the first page was pushed down by them, or is gone. */
    accept() {
      const rest = rows.items.slice(PAGE);
      const pushed = without(rows.items.slice(0, PAGE), news.items).slice(-rows.fresh || PAGE);
      if (!rest[0]) next = news.next;
      rows.items = rest[0] && news.next ? [...news.items, ...pushed, ...without(rest, news.items)] : news.items;
      news = null;
    },
    destroy: () => abort.abort(),
  };
  return rows;
}

export function tableRows(src, sort, changed, names) {
  const blocks = new Map();
  const pending = new Map();
  const ask = (offset, columns, signal) => fetchJson(withQuery(src, { sort, offset, limit: BLOCK[0], columns: columns?.join() }), signal);

  function fetchBlock(key, k, b) {
    if (!rows.columns || pending.has(key)) return;
    const abort = new AbortController();
    pending.set(key, abort);
    const columns = rows.columns.slice(b * BLOCK[1], (b + 1) * BLOCK[1]).map((column) => column.key);
    ask(k * BLOCK[0], columns, abort.signal)
      .then((answer) => blocks.set(key, answer.rows), (error) => error.name !== "AbortError" && new Promise((resolve) => setTimeout(resolve, 3000)))
      .then(() => {
        pending.delete(key);
        if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
        changed();
      });
  }

  const rows = {
    length: 0,
    items: [],
    row: (id) => ({ id }),
    /** The value, undefined until it has come. */
    cell(i, j) {
      const [k, b] = [Math.floor(i / BLOCK[0]), Math.floor(j / BLOCK[1])];
      const block = blocks.get(`${k}:${b}`);
      if (!block) fetchBlock(`${k}:${b}`, k, b);
      return block?.[i % BLOCK[0]]?.[j % BLOCK[1]];
    },
    /** What is far from these rows need not be fetched any more. */
    forget(first, last) {
      for (const [key, abort] of pending) if (parseInt(key) < Math.floor(first / BLOCK[0]) - 1 || parseInt(key) > last / BLOCK[0] + 1) abort.abort();
    },
    async load() {
      const { columns, rows: values, total } = await ask(0, names);
      for (let b = 0; b * BLOCK[1] < columns.length; b++) blocks.set(`0:${b}`, values.map((row) => row.slice(b * BLOCK[1], (b + 1) * BLOCK[1])));
      rows.length = total;
      rows.total = { count: total };
      rows.columns = columns.map(({ name, type, data_type }, j) => {
        const sample = values.map((row) => row[j]);
        return {
          key: name,
          title: name,
          note: data_type ?? type,
          kind: Object.keys(KINDS).find((kind) => KINDS[kind].test(type)) ?? "text",
          exact: true,
          days: sample.every((value) => value == null || /T00:00:00(\.0+)?(Z|\+00:00)$/.test(value)),
          missing: "null",
          sortable: true,
          sample,
          read: ({ id }) => rows.cell(id, j),
        };
      });
    },
    destroy: () => pending.forEach((abort) => abort.abort()),
  };
  return rows;
}

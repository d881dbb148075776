// Rows of a list API: pages by cursor, patched in place when something changed.
import { fetchJson, withQuery } from "../dom.js";

const PAGE = 100;

export function listRows(src, sort, changed) {
  let [items, next, pending, news] = [[], null, false, null];
  const cursors = new Map(); // row id → cursor of its page
  const abort = new AbortController();

  async function fetchPage(cursor) {
    const page = await fetchJson(withQuery(src, { sort, cursor, limit: PAGE }), abort.signal);
    for (const { id } of page.items) cursors.set(id, cursor);
    rows.total = page.total;
    return page;
  }

  async function more() {
    if (pending) return;
    pending = true;
    const page = await fetchPage(next).catch(() => setTimeout(changed, 3000));
    pending = false;
    if (!page.items) return;
    next = page.next;
    items.push(...without(page.items, items));
    changed();
  }

  const without = (some, others) => {
    const ids = new Set(others.map((item) => item.id));
    return some.filter((item) => !ids.has(item.id));
  };

  const rows = {
    total: null,
    get length() { return items.length + (next ? 20 : 0); },
    get items() { return items; },
    get fresh() { return news ? without(news.items, items).length : 0; },
    row(i) {
      if (i >= items.length && next) more();
      return items[i];
    },
    async load() {
      ({ items, next } = await fetchPage(null));
    },
    /** Asks again for the first page and those in sight; new rows wait while `held`. */
    async refresh(seen, held) {
      for (const cursor of new Set([null, ...seen.map(({ id }) => cursors.get(id) ?? null)])) {
        const page = await fetchPage(cursor);
        const byId = new Map(page.items.map((item) => [item.id, item]));
        items = items.map((item) => byId.get(item.id) ?? item);
        if (!cursor) news = page;
      }
      if (!held || !rows.fresh) rows.accept();
      changed();
    },
    /** Lets the new rows in. What left the first page was pushed down by them, or is gone. */
    accept() {
      if (!news) return;
      const pushed = without(items.slice(0, PAGE), news.items);
      const rest = items.slice(PAGE);
      if (!news.next || !rest.length) next = news.next;
      items = news.next ? [...news.items, ...(rest.length ? [...pushed.slice(Math.max(0, pushed.length - rows.fresh)), ...without(rest, news.items)] : [])] : news.items;
      news = null;
    },
    destroy: () => abort.abort(),
  };
  return rows;
}

// Rows of a list API: pages by cursor, patched in place when something changed.
import { fetchJson, withQuery } from "../dom.js";

const PAGE = 100;

export function listRows(src, { sort }, changed) {
  let [items, cursors, next, pending, news] = [[], new Map(), null, false, null];
  const abort = new AbortController();
  const page = async (cursor) => {
    const answer = await fetchJson(withQuery(src, { sort, cursor, limit: PAGE }), abort.signal);
    for (const item of answer.items) cursors.set(item.id, cursor);
    return answer;
  };

  const rows = {
    total: null,
    get length() { return items.length + (next ? 20 : 0); },
    get items() { return items; },
    get fresh() { return news ? news.items.filter((item) => !has(item.id)).length : 0; },
    row(i) {
      if (i >= items.length && next) more();
      return items[i];
    },
    async load() {
      const answer = await page(null);
      ({ items, next, total: rows.total } = answer);
    },
    /** Asks again for the first page and those in sight; new rows wait while `held`. */
    async refresh(seen, held) {
      const wanted = new Set([null, ...seen.map((row) => cursors.get(row?.id) ?? null)]);
      for (const cursor of [...wanted].slice(0, 3)) {
        const answer = await page(cursor);
        const byId = new Map(answer.items.map((item) => [item.id, item]));
        items = items.map((item) => byId.get(item.id) ?? item);
        if (cursor === null) {
          rows.total = answer.total;
          news = answer;
        }
      }
      if (!held || !rows.fresh) rows.accept();
      changed();
    },
    /** Lets the new rows in. */
    accept() {
      if (!news) return;
      const ids = new Set(news.items.map((item) => item.id));
      const added = rows.fresh;
      const first = items.slice(0, PAGE).filter((item) => !ids.has(item.id));
      // What left the first page was pushed down by what came, or is gone.
      items = news.next ? [...news.items, ...first.slice(first.length - Math.min(added, first.length)), ...items.slice(PAGE).filter((item) => !ids.has(item.id))] : news.items;
      if (!news.next || items.length <= PAGE) next = news.next;
      news = null;
    },
    destroy: () => abort.abort(),
  };
  const has = (id) => items.some((item) => item.id === id);

  async function more() {
    if (pending) return;
    pending = true;
    try {
      const answer = await page(next);
      items = items.concat(answer.items.filter((item) => !has(item.id)));
      ({ next, total: rows.total } = answer);
      changed();
    } catch (error) {
      if (error.name !== "AbortError") setTimeout(changed, 3000);
    } finally {
      pending = false;
    }
  }
  return rows;
}

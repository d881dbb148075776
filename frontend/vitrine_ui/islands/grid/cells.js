// What one value looks like in a cell, and all of it for hovering and copying.
import { h, icon } from "../dom.js";
import { STATUS, absolute, ago, bytes, duration, number, template, valueAt } from "../format.js";

const IDS = /(^|_)(id|year)s?$/i; // whole numbers that are names: no thousands
const nameOf = (value) => (typeof value === "object" ? (value.name ?? JSON.stringify(value)) : String(value));
const written = (instant, { days }) => String(instant).replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, "").slice(0, days ? 10 : undefined);

const TEXT = {
  number: (value, { title, decimals }) => (IDS.test(title) ? String(value) : number(value, decimals)),
  duration,
  size: bytes,
  instant: (value, column) => (column.exact ? written(value, column) : ago(value)),
  status: (value) => STATUS[value]?.[1] ?? value,
  tags: (value) => value.map(nameOf).join(" "),
  json: (value) => JSON.stringify(value),
};

const FULL = {
  number: String,
  duration: (value) => `${value} s`,
  size: (value) => `${value} bytes`,
  instant: (value, { exact }) => (exact ? value : absolute(value)),
};

const read = (texts) => (column, value) => (value == null ? (column.missing ?? "—") : (texts[column.kind] ?? nameOf)(value, column));
export const textOf = read(TEXT);
export const fullText = read({ ...TEXT, ...FULL });

export const alignsRight = ({ align, kind }) => (align ? align === "right" : ["number", "instant", "duration", "size", "counter"].includes(kind));

export const valueOf = (column, row) => (column.read ? column.read(row) : valueAt(row, column.key));

/** Fills a cell; `href` makes its text a link. */
export function paint(cell, column, row, href) {
  const { kind, suffix } = column;
  const value = valueOf(column, row);
  const text = textOf(column, value);
  cell.classList.toggle("none", value == null);
  cell.replaceChildren(text);
  if (value == null) return;
  if (kind === "status") cell.replaceChildren(h("span", { class: "status", "data-status": STATUS[value]?.[0] ?? "queued" }, icon(STATUS[value]?.[0] ?? "queued"), text));
  if (kind === "tags") cell.replaceChildren(...value.slice(0, 3).map((tag) => h("span", { class: "tag" }, nameOf(tag))), value.length > 3 ? h("span", { class: "t3 small" }, `+${value.length - 3}`) : "");
  if (kind === "user") cell.replaceChildren(h("span", { class: "avatar", role: "img", "aria-label": text }, initials(text)));
  href ??= column.href && template(column.href, row);
  if (href) cell.replaceChildren(h("a", { href, "data-nav": true, class: "plain", tabindex: -1 }, ...cell.childNodes));
  if (suffix) cell.append(h("span", { class: "t3" }, ` ${template(suffix, row, String)}`));
}

const initials = (name) => name.split(/[\s._@-]+/, 2).map((word) => word.slice(0, 1)).join("").toUpperCase();

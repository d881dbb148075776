// Numbers, durations and times as people read them. The full value goes to `title` and to the clipboard.
const MINUS = "\u2212";

/** API status → [data-status, word]. */
export const STATUS = {
  queued: ["queued", "Queued"],
  running: ["running", "Running"],
  completed: ["succeeded", "Succeeded"],
  failed: ["failed", "Failed"],
  skipped: ["skipped", "Skipped"],
  cached: ["cached", "Cached"],
  cancelled: ["cancelled", "Cancelled"],
  lost: ["lost", "Lost contact"],
  "upstream-failed": ["upstream-failed", "Upstream failed"],
};

export const count = (n) => number(n, 0);

/** Decimals that give a column four significant digits, and no more than its values have. */
export function decimalsFor(values) {
  let greatest = 0;
  let written = 0;
  for (const value of values) {
    if (typeof value !== "number" || Number.isInteger(value)) continue;
    greatest = Math.max(greatest, Math.abs(value));
    written = Math.max(written, (/\.(\d+)$/.exec(value) ?? ["", ""])[1].length || 6);
  }
  return greatest ? Math.min(written, Math.max(0, 3 - Math.floor(Math.log10(greatest)))) : 0;
}

/** A number of a column with so many decimals; "NaN" and "Infinity" stay words. */
export function number(value, decimals = decimalsFor([value])) {
  if (typeof value !== "number") return String(value).replace(/^-(?=Inf)/, MINUS);
  const size = Math.abs(value);
  const odd = size && (size < 10 ** -Math.min(decimals, 6) || size >= 1e15);
  const [whole, rest] = odd ? [String(Number(size.toPrecision(4)))] : size.toFixed(decimals).split(".");
  return (value < 0 ? MINUS : "") + (odd ? whole.replace("e-", `e${MINUS}`).replace("e+", "e") : whole.replace(/\B(?=(\d{3})+$)/g, ",")) + (rest ? `.${rest}` : "");
}

const two = (n) => String(Math.floor(n)).padStart(2, "0");

/** 40 ms, 3.1 s, 58 s, 1 m 12 s, 2 h 06 m, 3 d 04 h. */
export function duration(s) {
  if (s == null) return "—";
  if (s < 0.0995) return s < 0.0005 ? "0 s" : `${Math.ceil(s * 1000)} ms`;
  if (s < 59.95) return `${s.toFixed(1).replace(/\.0$/, "")} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)} h ${two((whole % 3600) / 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${two((whole % 86_400) / 3600)} h`;
}

/** now, 12 min ago, 3 h ago, yesterday, 2 d ago, 8 Jul. */
export function ago(instant, now = Date.now()) {
  const then = new Date(instant);
  const s = (now - then) / 1000;
  if (s < -60) return `in ${duration(-s)}`;
  if (s < 10) return "now";
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days < 7) return days < 2 ? "yesterday" : `${days} d ago`;
  const [, month, , year] = then.toDateString().split(" ");
  return `${then.getDate()} ${month}${year === String(new Date(now).getFullYear()) ? "" : ` ${year}`}`;
}

/** 2026-07-14 09:12:44 and the reader's zone. */
export function absolute(instant) {
  const then = new Date(instant);
  const day = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
  return `${day} ${clock(then).slice(0, 8)} ${zone(then)}`;
}

export const zone = (then = new Date()) =>
  new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(then).find((part) => part.type === "timeZoneName").value;

/** 09:26:52.119 in the reader's zone. */
export function clock(instant) {
  const then = new Date(instant);
  const ms = String(then.getMilliseconds()).padStart(3, "0");
  return `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}.${ms}`;
}

export function bytes(n) {
  let unit = 0;
  for (; n >= 1024 && unit < 5; unit++) n /= 1024;
  return `${unit && n < 99.95 ? number(n, 1).replace(/\.0$/, "") : count(n)} ${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit]}`;
}

/** What stands at "a.b" or {path: ["a", "b"]}: a whole dotted name first, then step by step. */
export function valueAt(row, key) {
  let value = row;
  for (const part of key.path ?? (key in row ? [key] : splitOnce(row, key))) value = value?.[part];
  return value;
}

// "metadata.a.b" is metadata["a.b"] where that exists.
function splitOnce(row, key) {
  const dot = key.indexOf(".");
  const rest = key.slice(dot + 1);
  return row[key.slice(0, dot)]?.[rest] === undefined ? key.split(".") : [key.slice(0, dot), rest];
}

/** "/p/runs/{id}" over a row; written for a URL unless `plain`. Missing gives "". */
export const template = (text, row, write = encodeURIComponent) =>
  text.replace(/\{([^}]+)\}/g, (_, key) => write(valueAt(row, key) ?? ""));

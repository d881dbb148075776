// Numbers, durations and times as people read them. The full value goes to `title` and to the clipboard.
const MINUS = "\u2212";

/** API status → [data-status, word]. */
export const STATUS = {
  completed: ["succeeded", "Succeeded"],
  cached: ["cached", "Cached"],
  running: ["running", "Running"],
  queued: ["queued", "Queued"],
  failed: ["failed", "Failed"],
  skipped: ["skipped", "Skipped"],
  cancelled: ["cancelled", "Cancelled"],
  lost: ["lost", "Lost contact"],
  "upstream-failed": ["upstream-failed", "Upstream failed"],
};

/** Decimals that give a column four significant digits, and no more than its values have. */
export function decimalsFor(values) {
  const broken = values.filter((value) => typeof value === "number" && !Number.isInteger(value));
  const written = Math.max(...broken.map((value) => (/\.(\d+)$/.exec(value)?.[1] ?? "123456").length));
  const greatest = Math.max(...broken.map(Math.abs));
  return broken.length ? Math.min(written, Math.max(0, 3 - Math.floor(Math.log10(greatest)))) : 0;
}

/** A number of a column with so many decimals; "NaN" and "Infinity" stay words. */
export function number(value, decimals = decimalsFor([value])) {
  if (typeof value !== "number") return String(value).replace("-", MINUS);
  const size = Math.abs(value);
  const odd = size && (size < 10 ** -Math.min(decimals, 6) || size >= 1e15);
  const [whole, rest = ""] = (odd ? String(Number(size.toPrecision(4))) : size.toFixed(decimals)).split(/(?=\.)/);
  return (value < 0 ? MINUS : "") + (whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest).replace("-", MINUS);
}

export const count = (n) => number(n, 0);

const two = (n) => String(Math.floor(n)).padStart(2, "0");

/** 40 ms, 3.1 s, 58 s, 1 m 12 s, 2 h 06 m, 3 d 04 h. */
export function duration(s) {
  if (s == null) return "—";
  if (s < 0.0995) return s < 0.0005 ? "0 s" : `${Math.ceil(s * 1000)} ms`;
  if (s < 59.95) return `${s.toFixed(1).replace(".0", "")} s`;
  const whole = Math.round(s);
  const [unit, big, small, part] = whole < 3600 ? [60, "m", "s", 1] : whole < 172_800 ? [3600, "h", "m", 60] : [86_400, "d", "h", 3600];
  return `${Math.floor(whole / unit)} ${big} ${two((whole % unit) / part)} ${small}`;
}

/** now, 12 min ago, 3 h ago, yesterday, 2 d ago, 8 Jul. */
export function ago(instant, now = Date.now()) {
  const then = new Date(instant);
  const s = (now - then) / 1000;
  if (s < -60) {
    const [unit_s, word] = [[86_400, "d"], [3600, "h"], [60, "min"]].find(([size_s]) => -s >= size_s);
    return `in ${Math.round(-s / unit_s)} ${word}`;
  }
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
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${clock(then).slice(0, 8)} ${zone(then)}`;
}

export const zone = (then = new Date()) => then.toLocaleTimeString("en-GB", { timeZoneName: "short" }).split(" ")[1];

/** 09:26:52.119 in the reader's zone. */
export function clock(instant) {
  const then = new Date(instant);
  return `${then.toTimeString().slice(0, 8)}.${String(then.getMilliseconds()).padStart(3, "0")}`;
}

export function bytes(n) {
  let unit = 0;
  for (; n >= 1024 && unit < 5; unit++) n /= 1024;
  return `${n < 99.95 ? number(n, 1).replace(".0", "") : count(n)} ${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit]}`;
}

/** What stands at "a.b" or {path: ["a", "b"]}. "metadata.a.b" is metadata["a.b"] where that exists. */
export function valueAt(row, key) {
  let path = key.path ?? (key in row ? [key] : key.split("."));
  const whole = path.slice(1).join(".");
  if (row[path[0]]?.[whole] !== undefined) path = [path[0], whole];
  return path.reduce((value, part) => value?.[part], row);
}

/** "/p/runs/{id}" over a row; written for a URL unless told otherwise. */
export const template = (text, row, write = encodeURIComponent) => text.replace(/\{([^}]+)\}/g, (_, key) => write(valueAt(row, key) ?? ""));

// What a page does by itself, without the server: clocks, the clipboard, menus that close.
import { absolute, ago, duration } from "../islands/format.js";

// ── relative times and durations go on ──
const write = (element, text) => {
  // The page's own text node keeps its place: ReactPy finds it again at the next render.
  if (element.firstChild && element.firstChild.data !== text) element.firstChild.data = text;
};

function tickDurations() {
  for (const element of document.querySelectorAll("[data-since]"))
    write(element, duration(Math.max(0, (Date.now() - Date.parse(element.dataset.since)) / 1000)));
}

function tickTimes() {
  for (const element of document.querySelectorAll("time[data-ago]")) write(element, ago(element.dateTime));
}

// What the server wrote says "1 d ago" where the reader's calendar says "yesterday".
let frame = 0;
new MutationObserver(() => (frame ||= requestAnimationFrame(() => (frame = 0, tickTimes())))).observe(document.getElementById("app"), { childList: true, subtree: true });
setInterval(() => document.hidden || tickDurations(), 1000);
setInterval(() => document.hidden || tickTimes(), 10_000);
document.addEventListener("visibilitychange", () => document.hidden || (tickDurations(), tickTimes()));

// The server does not know the reader's time zone.
document.addEventListener("pointerover", ({ target }) => {
  const time = target.closest?.("time[data-ago]");
  if (time) time.title = absolute(time.dateTime);
});

// ── clipboard ──
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without TLS there is no clipboard API.
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "sr" });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  await copy(button.dataset.copy);
  const use = button.querySelector("use");
  use?.setAttribute("href", "#check");
  button.dataset.copied = "";
  setTimeout(() => {
    use?.setAttribute("href", "#copy");
    delete button.dataset.copied;
  }, 1500);
});

// ── menus ──
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[popover] a:not([data-stay])");
  if (link) for (const menu of document.querySelectorAll("[popover]:popover-open")) menu.hidePopover();
});

// Down and up go through an open menu; its first entry is reached from its button.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const menus = document.querySelectorAll(".menu[popover]:popover-open");
  const menu = menus[menus.length - 1];
  if (!menu || !(menu.contains(document.activeElement) || document.activeElement?.getAttribute("popovertarget") === menu.id)) return;
  const entries = [...menu.querySelectorAll("a,button")].filter((entry) => entry.offsetParent !== null || entry.getClientRects().length);
  if (!entries.length) return;
  const at = entries.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  event.preventDefault();
  entries[at < 0 ? 0 : (at + step + entries.length) % entries.length].focus();
});

// The shell's only script: theme before the first paint, the socket's state, and the ReactPy client.
const script = document.querySelector("script[data-boot]");
const root = document.documentElement;
const { base = "", client, component } = script.dataset;

// ── theme: system, light or dark; html[data-theme] only when it differs from the system's choice ──
const THEMES = ["system", "light", "dark"];

function setTheme(choice) {
  root.dataset.themeSetting = choice;
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
}

function storedTheme() {
  try {
    return THEMES.includes(localStorage.theme) ? localStorage.theme : "system";
  } catch {
    return "system"; // storage is off
  }
}

function storeTheme(choice) {
  setTheme(choice);
  try {
    localStorage.theme = choice;
  } catch {
    // lasts until the page is left
  }
}

setTheme(storedTheme());
addEventListener("storage", (event) => event.key === "theme" && setTheme(storedTheme()));

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-theme-choice]");
  if (!control) return;
  event.preventDefault();
  const wanted = control.dataset.themeChoice;
  storeTheme(THEMES.includes(wanted) ? wanted : THEMES[(THEMES.indexOf(root.dataset.themeSetting) + 1) % 3]);
});

// ── while the socket is down nothing may be changed: a queued click would run against the next session ──
document.addEventListener("click", (event) => {
  if (root.dataset.ws !== "down" || !event.target.closest?.("[data-mutates]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// ── socket ──
const SIGNED_OUT = 4401;
let everOpen = false;
let waiting = null;

// ReactPy sends a DOM event with the trees around it: 100 kB when a field has the focus, and the server takes 64.
function slim(text) {
  if (!text.includes('"isTrusted"')) return text; // an island's own few words
  const message = JSON.parse(text);
  message.data = message.data.map(({ type, target }) => ({ type, target: { value: target?.value, checked: target?.checked } }));
  return JSON.stringify(message);
}

window.WebSocket = class extends WebSocket {
  send(message) {
    super.send(slim(message));
  }
  constructor(...parts) {
    super(...parts);
    this.addEventListener("open", () => {
      everOpen = true;
      root.dataset.ws = "up";
      waiting?.remove();
    });
    this.addEventListener("close", ({ code }) => {
      root.dataset.ws = "down";
      if (code === SIGNED_OUT) location.assign(`${base}/auth/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
      else if (!everOpen) startOnceReady();
    });
  }
};

function start({ mountReactPy }) {
  mountReactPy({
    mountElement: document.getElementById("app"),
    pathPrefix: `${base}/reactpy/`,
    componentPath: component,
    reconnectInterval: 500,
    reconnectMaxInterval: 5000,
    reconnectMaxRetries: 10000,
    reconnectBackoffMultiplier: 1.5,
  });
}

// The client retries a lost connection but never one that did not open: wait for the server, then begin again.
async function startOnceReady(wait_ms = 1000, again = () => import(client).then(start)) {
  if (!waiting) {
    waiting = document.createElement("p");
    waiting.className = "boot-wait";
    waiting.setAttribute("role", "status");
    waiting.textContent = "Vitrine does not answer yet. Trying again.";
    document.body.append(waiting);
  }
  await new Promise((resolve) => setTimeout(resolve, wait_ms));
  const ready = await fetch(`${base}/health/ready`).then((answer) => answer.ok, () => false);
  if (ready) again();
  else startOnceReady(Math.min(wait_ms * 1.5, 5000), again);
}

const whenParsed = (act) => (document.readyState === "loading" ? addEventListener("DOMContentLoaded", act) : act());
import(client).then(
  (module) => whenParsed(() => start(module)),
  () => startOnceReady(1000, () => location.reload()), // browsers may remember that a module failed
);

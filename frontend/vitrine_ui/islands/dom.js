// Elements, icons, fetching and the states every island shares. Values from data only ever become text.

/** An element: on… are listeners, null and false are left out, true is an empty attribute. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function fill(element, attributes, children) {
  set(element, attributes);
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value == null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
}

/** A symbol of the page's sprite. */
export const icon = (name, small) =>
  svg("svg", { class: small ? "i s" : "i", "aria-hidden": "true" }, svg("use", { href: `#${name}` }));

export const button = (look, content, onclick, attributes) =>
  h("button", { type: "button", class: look, onclick, ...attributes }, content);

export const iconButton = (name, label, onclick, look = "") =>
  button(`btn icon ${look}`, icon(name), onclick, { "aria-label": label, title: label });

/** A URL with these query parameters set; null removes one. */
export function withQuery(url, parameters) {
  const full = new URL(url, location.href);
  for (const [name, value] of Object.entries(parameters))
    if (value == null || value === "") full.searchParams.delete(name);
    else full.searchParams.set(name, value);
  return full.href;
}

export function signIn() {
  const base = document.querySelector("script[data-boot]")?.dataset.base ?? "";
  location.assign(`${base}/auth/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

const problem = (title, detail = "") => Object.assign(new Error(detail), { title });

/** A same-origin answer that went well; else an Error whose `title` and message say what and why. */
export async function fetchOk(url, signal) {
  const answer = await fetch(url, { signal }).catch((error) => {
    throw error.name === "AbortError" ? error : problem("The server did not answer", "It may be restarting, or the network is down.");
  });
  if (answer.ok) return answer;
  if (answer.status === 401) {
    signIn();
    await new Promise(() => {});
  }
  const { title, detail } = await answer.json().catch(() => ({}));
  throw problem(title ?? `The server answered ${answer.status}`, detail);
}

export const fetchJson = async (url, signal) => (await fetchOk(url, signal)).json();

/** What failed, why, and a way to try again. */
export const failed = (what, error, retry) =>
  h("div", { class: "empty", role: "alert" },
    h("span", { class: "status b", "data-status": "failed" }, icon("failed"), what),
    h("div", {}, h("h2", {}, error.title ?? "It could not be drawn"), h("p", { class: "t2" }, error.message)),
    button("btn", [icon("refresh", 1), "Try again"], retry));

/** What belongs here, and the snippet that fills it. */
export const empty = ({ title, text, code }) =>
  h("div", { class: "empty" }, h("div", {}, h("h2", {}, title), h("p", { class: "t2" }, text)), code && h("pre", { class: "code" }, code));

/** Calls back when the page turns light or dark; returns what stops it. */
export function onTheme(callback) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", callback);
  };
}

/** The tokens' colours as the page shows them now: {ok: "rgb(…)", …}. */
export function colours(names) {
  const probe = document.body.appendChild(h("i", { hidden: true }));
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

/** A function that runs at most once per wait_ms, the last call never lost, and not before first_ms from now. */
export function atMostEvery(wait_ms, run, first_ms = 0) {
  let timer = 0;
  let next = performance.now() + first_ms;
  const call = () => {
    timer ||= setTimeout(() => {
      timer = 0;
      next = performance.now() + wait_ms;
      run();
    }, next - performance.now());
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

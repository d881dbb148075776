// Elements, icons, fetching and the states every island shares. Values from data only ever become text.
const SVG = "http://www.w3.org/2000/svg";

/** An element: on… are listeners, null and false are left out, true is an empty attribute. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value == null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** A symbol of the page's sprite. */
export const icon = (name, small) =>
  svg("svg", { class: small ? "i s" : "i", "aria-hidden": "true" }, svg("use", { href: `#${name}` }));

export const iconButton = (name, label, onclick, extra = "") =>
  h("button", { type: "button", class: `btn icon ${extra}`, "aria-label": label, title: label, onclick }, icon(name));

export const signIn = () => {
  const base = document.querySelector("script[data-boot]")?.dataset.base ?? "";
  location.assign(`${base}/auth/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
};

/** A URL with these query parameters set; null removes one. */
export function withQuery(url, parameters) {
  const full = new URL(url, location.href);
  for (const [name, value] of Object.entries(parameters)) {
    if (value == null || value === "") full.searchParams.delete(name);
    else full.searchParams.set(name, value);
  }
  return full.href;
}

/** The JSON at a same-origin URL. Throws an Error whose `title`, `status` and message say what and why. */
export async function fetchJson(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw Object.assign(new Error("It may be restarting, or the network is down."), { title: "The server did not answer" });
  }
  if (response.status === 401) {
    signIn();
    return new Promise(() => {});
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail ?? ""), {
    status: response.status,
    title: problem.title ?? `The server answered ${response.status}`,
  });
}

/** What failed, why, and a way to try again. */
export const failed = (what, error, retry) =>
  h("div", { class: "empty", role: "alert" },
    h("span", { class: "status b", "data-status": "failed" }, icon("failed"), what),
    h("div", {}, h("h2", {}, error.title ?? "It could not be drawn"), error.message && h("p", { class: "t2" }, error.message)),
    h("button", { type: "button", class: "btn", onclick: retry }, icon("refresh", true), "Try again"));

/** What belongs here, and the snippet that fills it. */
export const empty = ({ title, text, code }) =>
  h("div", { class: "empty" },
    h("div", {}, h("h2", {}, title), text && h("p", { class: "t2" }, text)),
    code && h("pre", { class: "code" }, code));

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
  const style = getComputedStyle(probe);
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found[name] = style.color;
  }
  probe.remove();
  return found;
}

/** A function that runs at most once per wait_ms, the last call never lost. */
export function atMostEvery(wait_ms, run) {
  let timer = 0;
  let last = -Infinity;
  const fire = () => {
    timer = 0;
    last = performance.now();
    run();
  };
  const call = () => {
    timer ||= setTimeout(fire, Math.max(0, last + wait_ms - performance.now()));
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

// Foreign HTML in a frame of its own origin: scripts run, nothing of the page is in reach.
import { bind, island } from "../bind.js";
import { failed, h, signIn } from "../dom.js";

export { bind };

export const Frame = island((node, first) => {
  let props = first;
  let frame;
  const root = node.appendChild(h("div", { class: "frame" }));

  const resize = (height) => (root.style.height = `${Math.min(Math.max(height, 80), 4000)}px`);

  async function load() {
    root.dataset.scheme = props.scheme ?? "light";
    resize(Number(props.height) || 480);
    const wait = h("i", { class: "skel fillbox", "aria-busy": "true" });
    const mine = (frame = h("iframe", { title: props.title, sandbox: "allow-scripts", referrerpolicy: "no-referrer", loading: "lazy", onload: () => wait.remove() }));
    root.replaceChildren(wait);
    // A frame never says that it failed, so the answer is looked at first.
    const abort = new AbortController();
    try {
      const answer = await fetch(props.src, { signal: abort.signal });
      if (answer.status === 401) return signIn();
      if (!answer.ok) throw Object.assign(new Error(""), { title: `The server answered ${answer.status}` });
      abort.abort();
      if (mine !== frame) return;
      frame.src = props.src;
      root.append(frame);
    } catch (error) {
      error.title ??= "The server did not answer";
      if (mine === frame) root.replaceChildren(failed("Could not show this", error, load));
    }
  }

  const listen = ({ source, data }) => {
    if (source === frame?.contentWindow && (props.height ?? "auto") === "auto" && Number.isFinite(data?.height)) resize(data.height);
  };
  addEventListener("message", listen);
  load();
  return {
    update(next) {
      const before = props;
      props = next;
      if (next.src !== before.src) load();
      else if (next.height !== before.height) resize(Number(next.height) || 480);
    },
    unmount() {
      frame = null;
      removeEventListener("message", listen);
      root.remove();
    },
  };
});

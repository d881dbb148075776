// The address bar: the page commands it, and hears of back, forward and clicks on links.
import { bind, island } from "../bind.js";

export { bind };

const obeyed = new Set(); // command ids, so that a remount repeats nothing

const here = () => ({ path: location.pathname, query_string: location.search });

export const UrlBridge = island((node, first) => {
  let props = first;
  let path = location.pathname;

  function obey() {
    if (props.title) document.title = props.title;
    if (!props.url || obeyed.has(props.command_id)) return;
    obeyed.add(props.command_id);
    if (props.url === location.pathname + location.search) return;
    history[props.replace ? "replaceState" : "pushState"]({}, "", props.url);
    settle();
  }

  function tell() {
    settle();
    props.onLocation?.(here());
  }

  // A new page is announced by moving the focus to its heading, once that has changed.
  let watch;
  function settle() {
    if (location.pathname === path) return;
    path = location.pathname;
    watch?.disconnect();
    const before = document.querySelector("h1")?.textContent;
    const done = () => {
      const heading = document.querySelector("h1");
      if (!heading || heading.textContent === before) return;
      watch.disconnect();
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    };
    watch = new MutationObserver(done);
    watch.observe(document.body, { childList: true, subtree: true, characterData: true });
    setTimeout((mine) => mine.disconnect(), 5000, watch);
    document.querySelector("main")?.scrollTo(0, 0);
  }

  function click(event) {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.("a[data-nav]");
    if (!link || link.origin !== location.origin || (link.target && link.target !== "_self")) return;
    event.preventDefault();
    if (link.href !== location.href) history.pushState({}, "", link.href);
    tell();
  }

  addEventListener("popstate", tell);
  document.addEventListener("click", click);
  obey();
  return {
    update(next) {
      props = next;
      obey();
    },
    unmount() {
      removeEventListener("popstate", tell);
      document.removeEventListener("click", click);
      watch?.disconnect();
    },
  };
});

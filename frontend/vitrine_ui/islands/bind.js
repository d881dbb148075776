// The contract with ReactPy: bind(node) -> {create, render, unmount}.
// ReactPy may bind one node twice without unmounting, so the instance is kept by node and belongs to
// the binding made last.
const held = new WeakMap();

/** A component from mount(node, props) -> {update(props), unmount()}. */
export const island = (mount) => ({ mount });

export function bind(node) {
  const owner = {};
  if (held.has(node)) held.get(node).owner = owner;
  return {
    create: (component, props) => ({ component, props }),
    render({ component, props }) {
      const now = held.get(node);
      if (now) now.owner = owner;
      if (now?.component === component) return now.instance.update(props);
      now?.instance.unmount();
      node.style.display = "contents";
      held.set(node, { owner, component, instance: component.mount(node, props) });
    },
    unmount() {
      const now = held.get(node);
      if (now?.owner !== owner) return;
      held.delete(node);
      now.instance.unmount();
    },
  };
}

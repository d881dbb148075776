// A text field that owns what is typed; the page hears of it after a pause.
import { bind, island } from "../bind.js";
import { h, icon, set } from "../dom.js";

export { bind };
let fields = 0;

export const Input = island((node, first) => {
  let props = first;
  let [timer, sent] = [0, first.value ?? ""];
  const id = `field-${++fields}`;
  const tall = first.rows > 1;
  const field = h(tall ? "textarea" : "input", { type: tall ? null : (first.kind ?? "text"), rows: tall ? first.rows : null, autocomplete: "off", spellcheck: "false" });
  const hint = h("span", { class: "hint bad", id, role: "alert", hidden: true });
  const box = h("label", { class: "input" }, first.icon && icon(first.icon, true), field);
  const root = node.appendChild(h("div", { class: "field" }, box, hint));
  field.value = sent;

  const send = () => {
    clearTimeout(timer);
    timer = 0;
    if (field.value !== sent) props.onValue?.({ value: (sent = field.value) });
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(send, props.delay ?? 250);
  };
  field.addEventListener("input", later);
  field.addEventListener("blur", () => timer && send());
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (!tall || event.ctrlKey || event.metaKey)) {
      send();
      props.onSubmit?.({ value: field.value });
    }
    if (event.key === "Escape" && !tall && field.value) {
      event.stopPropagation();
      field.value = "";
      send();
    }
  });

  function dress() {
    set(field, { placeholder: props.placeholder, "aria-label": props.label, "aria-invalid": props.invalid ? "true" : null, "aria-describedby": props.invalid ? id : null });
    set(box, { "aria-invalid": props.invalid ? "true" : null });
    hint.hidden = !props.invalid;
    if (props.invalid) hint.replaceChildren(icon("failed", true), props.invalid);
  }
  dress();
  if (first.focus) field.focus();

  return {
    update(next) {
      const value = next.value ?? "";
      // What the server says is taken unless the person is still ahead of it.
      if (value !== (props.value ?? "") && value !== sent && !timer) field.value = sent = value;
      props = next;
      dress();
    },
    unmount() {
      if (timer) send();
      root.remove();
    },
  };
});

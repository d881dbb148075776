// A text field that owns what is typed; the page hears of it after a pause.
import { bind, island } from "../bind.js";
import { h, icon, set } from "../dom.js";

export { bind };
let fields = 0;

export const Input = island((node, first) => {
  let props = first;
  let sent = first.value ?? "";
  let timer;
  const id = `field-${++fields}`;
  const tall = first.rows > 1;
  const field = tall ? h("textarea", { rows: first.rows }) : h("input", { type: first.kind ?? "text" });
  const hint = h("span.hint.bad", { id, role: "alert" });
  const box = h("label.input", first.icon && icon(first.icon, 1), field);
  const root = node.appendChild(h("div.field", box, hint));
  set(field, { autocomplete: "off", spellcheck: "false" });
  field.value = sent;

  function send() {
    clearTimeout(timer);
    timer = null;
    if (field.value !== sent) props.onValue?.({ value: (sent = field.value) });
  }
  field.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(send, props.delay ?? 250);
  };
  field.onblur = () => timer && send();
  field.onkeydown = (event) => {
    const { key } = event;
    if (event.isComposing) return;
    if (key === "Enter" && (!tall || event.ctrlKey || event.metaKey)) {
      send();
      props.onSubmit?.({ value: field.value });
    }
    if (key !== "Escape" || tall || !field.value) return;
    event.stopPropagation();
    field.value = "";
    send();
  };

  function dress() {
    const { placeholder, label, invalid } = props;
    const bad = { "aria-invalid": invalid && "true", "aria-describedby": invalid && id };
    set(field, { placeholder, "aria-label": label, ...bad });
    set(box, bad);
    hint.hidden = !invalid;
    if (invalid) hint.replaceChildren(icon("failed", 1), invalid);
  }
  dress();
  if (first.focus) field.focus();

  return {
    update(next) {
      const { value = "" } = next;
      // What the server says is taken, unless the person is ahead of it.
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

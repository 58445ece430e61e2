// Controls other than dials: one for each type that a parameter can have.

import { h, label, toast } from "./dom.js";
import { isDial, isToggle } from "./groups.js";

let names = 0;

/** A labelled control for any parameter; dials of this kind are sliders. */
export function field(store, parameter) {
  const name = label(parameter.address);
  if (parameter.type === "trigger") return trigger(store, parameter, name);
  if (isToggle(parameter)) return toggle(store, parameter, name);
  if (isDial(parameter)) return slider(store, parameter, name);
  if (parameter.type === "f" || parameter.type === "i") return number(store, parameter, name);
  if (parameter.type === "s") return text(store, parameter, name);
  return form(store, parameter, name);
}

function row(parameter, name, control, ...rest) {
  const id = (control.id = `field-${++names}`);
  return h("div.field", {}, h("label", { for: id, text: name }), control, ...rest,
    parameter.help && h("p.help", { text: parameter.help }));
}

function trigger(store, parameter, name) {
  const button = h("button", { type: "button", text: name, "data-address": parameter.address,
    onclick: () => store.fire(parameter.address) });
  return row(parameter, name, button);
}

export function toggle(store, parameter, name) {
  const button = h("button.switch", { type: "button", role: "switch", "data-address": parameter.address,
    onclick: () => store.set(parameter.address, store.values[parameter.address] ? 0 : 1) });
  store.watch(parameter.address, (value) => {
    button.setAttribute("aria-checked", String(Boolean(value)));
    button.textContent = value ? "on" : "off";
  });
  return row(parameter, name, button);
}

/** A slider with its value beside it, to be typed too. */
export function slider(store, parameter, name) {
  const whole = parameter.type === "i";
  const step = whole ? 1 : (parameter.high - parameter.low) / 200;
  const range = h("input", { type: "range", min: parameter.low, max: parameter.high, step: "any",
    "data-address": parameter.address,
    oninput: () => {
      const value = Math.round(Number(range.value) / step) * step;
      store.set(parameter.address, whole ? Math.round(value) : Math.round(value * 1000) / 1000);
    } });
  const typed = typedNumber(store, parameter, name);
  store.watch(parameter.address, (value) => (range.value = value));
  return row(parameter, name, range, typed);
}

function number(store, parameter, name) {
  return row(parameter, name, typedNumber(store, parameter, name));
}

function typedNumber(store, parameter, name) {
  const field = h("input.number", { inputmode: "decimal", autocomplete: "off", "aria-label": `${name}, as a number` });
  const show = () => (field.value = String(Math.round(store.values[parameter.address] * 1000) / 1000));
  const take = () => {
    const value = Number(field.value.replace(",", "."));
    if (field.value.trim() && Number.isFinite(value)) store.set(parameter.address, value);
    else show();
  };
  field.addEventListener("change", take);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.blur();
    if (event.key === "Escape") show();
  });
  store.watch(parameter.address, () => {
    if (document.activeElement !== field) show();
  });
  field.addEventListener("blur", show);
  return field;
}

/** A text that counts when Enter or its button is pressed; until then it is a draft. */
export function text(store, parameter, name, { button = "Set", help = true } = {}) {
  const { input, set } = draft(store, parameter, button);
  const box = h("div.text", {}, input, set);
  const id = (input.id = `field-${++names}`);
  return h("div.field", {}, h("label", { for: id, text: name }), box,
    help && parameter.help && h("p.help", { text: parameter.help }));
}

export function draft(store, parameter, button) {
  const address = parameter.address;
  const input = h("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    enterkeyhint: "go", maxlength: 2000, "data-address": address });
  const set = h("button", { type: "button", text: button, onclick: () => take() });
  const mark = () => {
    const differs = input.value !== store.values[address];
    set.classList.toggle("wanted", differs);
    input.classList.toggle("draft", differs);
  };
  const take = () => {
    if (input.value !== store.values[address]) store.set(address, input.value);
    mark();
  };
  input.addEventListener("input", mark);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") take();
    if (event.key === "Escape") {
      input.value = store.values[address];
      mark();
    }
  });
  let shown;
  store.watch(address, (value) => {
    // What somebody else sets must not wipe out what is being written here.
    if (input.value === (shown ?? "") || document.activeElement !== input) input.value = value;
    shown = value;
    mark();
  });
  return { input, set };
}

/** Something that takes several values at once: a box for each, in the order of its type. */
function form(store, parameter, name) {
  const boxes = [...parameter.type.replaceAll("?", "")].map((kind, index) =>
    h("input", { type: "text", autocomplete: "off", autocapitalize: "off",
      inputmode: kind === "s" ? undefined : "decimal",
      placeholder: kind === "s" ? "name" : "number", "aria-label": `${name}, value ${index + 1}` }));
  const go = h("button", { type: "button", text: "Go", "data-address": parameter.address, onclick: () => {
    const values = boxes.map((box, index) => (parameter.type[index] === "s" ? box.value.trim() : Number(box.value.replace(",", "."))));
    if (values.some((value) => value === "" || Number.isNaN(value))) toast(`${name} needs every value`);
    else store.fire(parameter.address, values);
  } });
  return h("div.field", {}, h("span.label", { text: name }), h("div.text", {}, ...boxes, go),
    parameter.help && h("p.help", { text: parameter.help }));
}

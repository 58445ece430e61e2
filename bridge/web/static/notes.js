// The twelve notes around a circle, and dials for all other directions and ranged numbers.

import { Dial } from "./dial.js";
import { NOTES, colour, h, label, pitchClass } from "./dom.js";
import { field } from "./fields.js";
import { isDial } from "./groups.js";

const ORDERS = { fifths: "circle of fifths", semitones: "semitones" };
const ORDER_KEY = "bridge.order";
const RADIUS = 40; // percent of the circle's box

/** A dial for a parameter, kept in step with the store and put into `dials`. */
export function dialFor(parameter, { store, dials, choose, inside = false, tint }) {
  const address = parameter.address;
  const dial = new Dial(parameter, {
    name: label(address),
    colour: tint ?? colour(address),
    inside,
    onSet: (value) => store.set(address, value),
    onTake: () => choose(address),
  });
  store.watch(address, (value) => dial.show(value));
  dial.knob.addEventListener("focus", () => choose(address, true));
  dials.set(address, dial);
  return dial;
}

export function buildNotes(root, parameters, context) {
  root.hidden = parameters.length === 0;
  if (root.hidden) return;
  const { store, dials } = context;
  const circle = h("div.circle", { role: "group", "aria-label": "Notes" });
  const name = h("b"), value = h("span");
  const off = h("button", { type: "button", text: "All off",
    onclick: () => parameters.forEach((one) => store.set(one.address, 0)) });
  const order = h("button.quiet", { type: "button", title: "Change the order of the notes" });
  circle.append(h("div.middle", {}, name, value, off));
  for (const parameter of parameters) {
    const dial = dialFor(parameter, { ...context, inside: true });
    circle.append(dial.element);
  }
  const arrange = (chosen) => {
    order.textContent = `Order: ${ORDERS[chosen]}`;
    const placed = parameters
      .map((parameter) => ({ parameter, pitch: pitchClass(parameter.address) }))
      .map((one) => ({ ...one, place: chosen === "fifths" ? (one.pitch * 7) % 12 : one.pitch }))
      .sort((one, other) => one.place - other.place);
    for (const { parameter, place } of placed) {
      const angle = (place / 12) * 2 * Math.PI;
      const style = dials.get(parameter.address).element.style;
      style.setProperty("--x", `${50 + RADIUS * Math.sin(angle)}%`);
      style.setProperty("--y", `${50 - RADIUS * Math.cos(angle)}%`);
      circle.append(dials.get(parameter.address).element); // the Tab key goes around the circle
    }
  };
  let chosen = remembered() in ORDERS ? remembered() : "fifths";
  order.addEventListener("click", () => {
    chosen = chosen === "fifths" ? "semitones" : "fifths";
    remember(chosen);
    arrange(chosen);
  });
  arrange(chosen);
  // The middle says what was turned last, large enough for the other side of the stage.
  const tell = (address) => {
    const now = store.values[address];
    name.textContent = NOTES[pitchClass(address)];
    name.style.setProperty("color", now ? colour(address) : "");
    value.textContent = now ? now.toFixed(2).replace("-", "−") : "off";
  };
  for (const parameter of parameters) {
    let first = true;
    store.watch(parameter.address, (now) => {
      if (!first || now) tell(parameter.address);
      first = false;
    });
  }
  if (!name.textContent) tell(parameters[0].address);
  root.replaceChildren(h("h2", {}, h("span", { text: "Notes" }), order), circle,
    h("p.hint", { text: "Drag to turn (Shift: fine steps). Double-click: off. Hold or Enter: type a value." }));
}

/** Panels of dials: directions that are no notes first, then everything else by its group. */
export function buildDials(root, found, context) {
  const panels = [];
  if (found.keys.length) panels.push(panel("keys", found.keys, context));
  if (found.directions.length) panels.push(panel("directions", found.directions, context));
  for (const [title, parameters] of found.more) panels.push(panel(title, parameters, context));
  root.replaceChildren(...panels);
  root.hidden = panels.length === 0;
}

function panel(title, parameters, context) {
  const turned = parameters.filter(isDial), others = parameters.filter((one) => !isDial(one));
  const tint = title === "directions" || title === "keys" ? undefined : "#b9c4d0";
  const rest = others.map((parameter) => field(context.store, parameter));
  return h("section.panel", { "aria-label": title }, h("h2", {}, h("span", { text: title })),
    turned.length > 0 && h("div.row", {}, ...turned.map((one) => dialFor(one, { ...context, tint }).element)),
    rest.length > 0 && (turned.length > 0
      ? h("details", {}, h("summary", { text: `More ${title} settings` }), ...rest)
      : h("div", {}, ...rest)));
}

function remembered() {
  try {
    return localStorage.getItem(ORDER_KEY) ?? "";
  } catch {
    return "";
  }
}

function remember(order) {
  try {
    localStorage.setItem(ORDER_KEY, order);
  } catch {
    // A browser that keeps nothing still plays.
  }
}


// The MIDI mappings: what each control moves, and how it counts; all of it can be changed here.

import { h, label } from "./dom.js";

const TURNED = ["cc", "nrpn", "rpn"]; // what endless encoders send
const SOURCES = {
  cc: "CC", cc14: "CC, 14 bits,", nrpn: "NRPN", rpn: "RPN", pitch_bend: "Pitch bend", pressure: "Pressure",
  note: "Note", notes: "All notes", program: "Program changes",
};
const RELATIVE = [
  ["", "detected from its movement"],
  ["off", "with ends"],
  ["twos", "endless, +1 / 127 (two's complement)"],
  ["signed", "endless, 1 / 65 (sign bit)"],
  ["offset", "endless, 65 / 63 (offset)"],
  ["auto", "endless: counting shows"],
];
const CURVES = [["", "straight"], ["exp", "gentle at the bottom"], ["log", "gentle at the top"], ["s", "gentle at both ends"]];

let names = 0;

export function buildMidi(root, link, mappings) {
  root.hidden = mappings === null;
  if (root.hidden) return { show() {} };
  const title = h("summary"), list = h("div.mappings");
  let known = mappings, stale = false;
  const change = (before, after) => link.say({ midi: { before, after } });
  const build = () => {
    stale = false;
    title.textContent = known.length === 1 ? "MIDI: 1 mapping" : `MIDI: ${known.length} mappings`;
    list.replaceChildren(...known.map((entry) => mapping(entry, change)));
    if (!known.length) list.replaceChildren(h("p.empty", { text: "No control is mapped. Press MIDI learn to map one." }));
  };
  // What somebody else changes must not wipe out what is being typed here.
  const typing = () => list.contains(document.activeElement) && document.activeElement.matches("input.number");
  list.addEventListener("focusout", () => setTimeout(() => stale && !typing() && build()));
  root.replaceChildren(h("details", {}, title, list));
  build();
  return {
    show(mappings) {
      known = mappings;
      if (typing()) stale = true;
      else build();
    },
  };
}

function mapping(entry, change) {
  const source = Object.keys(SOURCES).find((one) => one in entry);
  const put = (key, value) => {
    const after = { ...entry };
    if (value === undefined || value === "" || value === false) delete after[key];
    else after[key] = value;
    change(entry, after);
  };
  const endless = !["", "off"].includes(entry.relative ?? "");
  const turned = TURNED.includes(source) && !entry.toggle;
  const sets = "to" in entry;
  return h("fieldset.mapping", {},
    h("legend", { text: named(source, entry) }),
    turned && choice("Turns", source === "cc" ? RELATIVE : [["", "detected from its movement"], ...RELATIVE.slice(1)], entry.relative, (value) => put("relative", value)),
    turned && entry.relative !== "off" && amount("Step per click", entry.step, "usual", (value) => put("step", value)),
    turned && entry.relative !== "off" && amount("Acceleration when spun", entry.acceleration, "1", (value) => put("acceleration", value)),
    sets && range(entry.range, (value) => put("range", value)),
    sets && !entry.toggle && choice("Curve", CURVES, entry.curve, (value) => put("curve", value)),
    sets && !endless && tick("Toggle on each press", entry.toggle, (value) => put("toggle", value)),
    sets && !endless && !entry.toggle && tick("Pick up at the current value", entry.pickup, (value) => put("pickup", value)),
    h("button.quiet", { type: "button", text: "Forget", "aria-label": `Forget ${named(source, entry)}`, onclick: () => change(entry, null) }));
}

function named(source, entry) {
  const number = entry[source] === true ? "" : ` ${entry[source]}`;
  const channel = entry.channel ? `, channel ${entry.channel}` : "";
  const port = entry.port ? `, ${entry.port}` : "";
  const to = entry.to ? label(entry.to) : entry.preset ?? (source === "notes" ? "notes" : "presets");
  return `${SOURCES[source]}${number}${channel}${port} → ${to}`;
}

function row(text, ...controls) {
  const id = (controls[0].id = `midi-${++names}`);
  return h("div.field", {}, h("label", { for: id, text }), ...controls);
}

function choice(text, options, value = "", take) {
  const select = h("select", { onchange: () => take(select.value) },
    ...options.map(([one, says]) => h("option", { value: one, text: says, selected: one === value })));
  return row(text, select);
}

function amount(text, value, placeholder, take) {
  const box = numberBox(value, placeholder, () => {
    const number = parsed(box);
    if (number !== null) take(number);
  });
  return row(text, box);
}

/** Both ends, or neither. */
function range(value, take) {
  const ends = [0, 1].map((at) => numberBox(value?.[at], "usual", () => {
    const numbers = ends.map(parsed);
    if (numbers.every((one) => one === undefined)) take(undefined);
    else if (numbers.every((one) => typeof one === "number")) take(numbers);
  }));
  ends[1].setAttribute("aria-label", "High end of the range");
  return row("From, to", h("div.text", {}, ...ends));
}

function tick(text, value, take) {
  const button = h("button.switch", { type: "button", role: "switch", "aria-checked": String(Boolean(value)),
    text: value ? "on" : "off", onclick: () => take(!value) });
  return row(text, button);
}

function numberBox(value, placeholder, onchange) {
  const box = h("input.number", { inputmode: "decimal", autocomplete: "off", placeholder, value, onchange });
  box.addEventListener("keydown", (event) => event.key === "Enter" && box.blur());
  return box;
}

/** The number in a box; undefined for an empty one, null for what is no number. */
function parsed(box) {
  const text = box.value.trim().replace(",", ".");
  if (!text) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

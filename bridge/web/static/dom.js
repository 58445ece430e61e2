// Making elements, and the few names and colours that several parts of the page share.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("button.big", {onclick, text, "aria-label": …}, child, …)`. */
export function h(what, given = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  return furnish(document.createElement(tag), classes, given, children);
}

export function svg(what, given = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  return furnish(document.createElementNS(SVG, tag), classes, given, children);
}

function furnish(element, classes, given, children) {
  if (classes.length) element.classList.add(...classes);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child));
  return element;
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

// One lightness and chroma for all; neighbours on the circle of fifths are neighbours in hue.
export const NOTE_COLOURS = [
  "#ff9a91", "#57cbff", "#e5b64a", "#c4abff", "#83d586", "#ff98c2",
  "#11d6e7", "#ffa564", "#93bbff", "#bbc85a", "#e99eed", "#40dab9",
];
const OTHER_COLOURS = ["#f2f5f8", "#ffd166", "#9be9ff", "#d7c6ff", "#ffc2b0"];
const SPELLED = { C: 0, Cs: 1, D: 2, Ds: 3, E: 4, F: 5, Fs: 6, G: 7, Gs: 8, A: 9, As: 10, B: 11 };

/** The pitch class that a note's address stands for, or undefined. */
export function pitchClass(address) {
  return tonic(address, "note");
}

/** The pitch class on which a key's address stands, or undefined. */
export function keyTonic(address) {
  return tonic(address, "key");
}

function tonic(address, concept) {
  const [, steer, name] = address.split("/");
  const [word, spelled] = (name ?? "").split("_");
  return steer === "steer" && word === concept && address.split("/").length === 3 ? SPELLED[spelled] : undefined;
}

/** What to call a parameter on the page. */
export function label(address) {
  const note = pitchClass(address), key = keyTonic(address);
  if (note !== undefined) return NOTES[note];
  if (key !== undefined) return `${NOTES[key]} major`;
  const parts = address.split("/").slice(1);
  const name = parts[0] === "steer" ? parts[parts.length - 1] : parts.join(" ");
  return name.replaceAll("_", " ");
}

const otherColours = new Map();

/** The colour of a direction: a note's own, or the next one that is free. */
export function colour(address) {
  const note = pitchClass(address) ?? keyTonic(address);
  if (note !== undefined) return NOTE_COLOURS[note];
  if (!otherColours.has(address)) {
    otherColours.set(address, OTHER_COLOURS[otherColours.size % OTHER_COLOURS.length]);
  }
  return otherColours.get(address);
}

let fading;

/** Says something for a few seconds. */
export function toast(text) {
  const element = document.getElementById("toast");
  element.textContent = text;
  element.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => element.classList.remove("shown"), 6000);
}

// Which part of the page a parameter belongs to. Only those that have a part of their own are
// named here; every other one, also one that is new, gets a control by its type.

import { keyTonic, pitchClass } from "./dom.js";

const TRANSPORT = new Set(["/play", "/panic", "/gain"]);

/** Splits the namespace up. `more` maps the title of a group to its parameters. */
export function groups(parameters) {
  const found = { notes: [], keys: [], directions: [], fine: new Map(), prompts: [], weights: new Map(), more: new Map() };
  for (const parameter of parameters) {
    const parts = parameter.address.split("/").slice(1);
    const group = parts[0];
    if (TRANSPORT.has(parameter.address) || group === "preset" || group === "midi") continue;
    if (group === "steer" && parts.length === 2) {
      if (pitchClass(parameter.address) !== undefined) found.notes.push(parameter);
      else if (keyTonic(parameter.address) !== undefined) found.keys.push(parameter);
      else found.directions.push(parameter);
    } else if (group === "steer" && parts.length > 2) {
      const direction = `/steer/${parts[1]}`;
      if (!found.fine.has(direction)) found.fine.set(direction, []);
      found.fine.get(direction).push(parameter);
    } else if (group === "prompt" && parts[2] === "weight") {
      found.weights.set(`/prompt/${parts[1]}`, parameter);
    } else if (group === "prompt") {
      found.prompts.push(parameter);
    } else {
      const title = parts.length === 1 ? "sound" : group;
      if (!found.more.has(title)) found.more.set(title, []);
      found.more.get(title).push(parameter);
    }
  }
  // By fifths, so that neighbours share most of their notes.
  found.keys.sort((a, b) => (7 * keyTonic(a.address)) % 12 - (7 * keyTonic(b.address)) % 12);
  return found;
}

export function isToggle(parameter) {
  return parameter.type === "i" && parameter.low === 0 && parameter.high === 1;
}

export function isDial(parameter) {
  const number = parameter.type === "f" || parameter.type === "i";
  return number && parameter.low !== null && parameter.high !== null && !isToggle(parameter);
}

// The smaller panels: prompt, presets, MIDI learn, the fine settings of a direction, and errors.

import { h, label, toast } from "./dom.js";
import { draft, field, slider } from "./fields.js";

export function buildPrompt(root, found, store) {
  root.hidden = found.prompts.length === 0;
  const rows = found.prompts.map((parameter) => {
    const slot = parameter.address.split("/")[2];
    const { input, set } = draft(store, parameter, "Play this");
    input.setAttribute("aria-label", slot ? `Prompt ${slot}` : "Prompt");
    input.placeholder = slot ? "another prompt to blend in" : "description of the music";
    const weight = found.weights.get(parameter.address);
    return h("div.slot", {}, h("span.tag", { text: slot ?? "Prompt", "aria-hidden": "true" }), input, set,
      weight && slider(store, weight, "weight"));
  });
  // One prompt is what most sets have; those to blend in must not push the dials off the screen.
  const first = found.prompts.filter((one) => !found.weights.has(one.address)).length;
  const used = found.prompts.slice(first).some((one) => store.values[found.weights.get(one.address)?.address] > 0);
  const blend = rows.length > first && h("details", { open: used }, h("summary", { text: "Blend prompts" }), ...rows.slice(first));
  root.replaceChildren(...[...rows.slice(0, first), blend].filter(Boolean));
}

export function buildPresets(root, store, link, names) {
  root.hidden = names === null;
  if (root.hidden) return { show() {} };
  const list = h("div.chips");
  const name = h("input", { type: "text", maxlength: 60, placeholder: "name", autocomplete: "off", "aria-label": "Name of the preset", enterkeyhint: "done" });
  const keep = h("button", { type: "button", text: "Store" });
  const seconds = h("select", { "aria-label": "Morph time" },
    ...[[0, "at once"], [1, "in 1 s"], [2, "in 2 s"], [4, "in 4 s"], [8, "in 8 s"], [16, "in 16 s"], [30, "in 30 s"], [60, "in 60 s"]]
      .map(([value, text]) => h("option", { value, text })));
  const edit = h("button.quiet", { type: "button", text: "Delete…", "aria-pressed": "false" });
  let known = names ?? [], editing = false;
  const store_ = () => {
    const wanted = name.value.trim();
    if (!wanted) {
      toast("Type a name for the preset first");
      name.focus();
      return;
    }
    link.say({ preset: { do: known.includes(wanted) ? "replace" : "store", name: wanted } });
    name.value = "";
    mark();
  };
  const mark = () => (keep.textContent = known.includes(name.value.trim()) ? "Replace" : "Store");
  const show = (names) => {
    known = names ?? [];
    list.replaceChildren(...known.map((one) => h(editing ? "button.chip.danger" : "button.chip", {
      type: "button", text: editing ? `✕ ${one}` : one, "data-preset": one,
      "aria-label": editing ? `Delete ${one}` : `Recall ${one}`,
      onclick: () => {
        const time = Number(seconds.value);
        if (editing) link.say({ preset: { do: "delete", name: one } });
        else if (time) link.say({ preset: { do: "morph", name: one, seconds: time } });
        else link.say({ preset: { do: "recall", name: one } });
      } })));
    if (!known.length) list.replaceChildren(h("p.empty", { text: "No presets saved." }));
    edit.hidden = !known.length;
    mark();
  };
  edit.addEventListener("click", () => {
    editing = !editing;
    edit.setAttribute("aria-pressed", String(editing));
    edit.textContent = editing ? "Done" : "Delete…";
    show(known);
  });
  keep.addEventListener("click", store_);
  name.addEventListener("input", mark);
  name.addEventListener("keydown", (event) => event.key === "Enter" && store_());
  root.replaceChildren(h("h2", {}, h("span", { text: "Presets" }), edit),
    list, h("div.text", {}, name, keep, seconds));
  show(known);
  return { show };
}

/** MIDI learn: press the button, touch a dial, move a knob. */
export function buildLearn(root, store, link, available) {
  if (!available) return { show() {} };
  const button = h("button.quiet.learn", { type: "button", "aria-pressed": "false", text: "MIDI learn" });
  button.addEventListener("click", () => {
    if (store.learning) link.say({ learn: null });
    store.learnMode = !store.learnMode;
    mark();
  });
  const mark = () => {
    const on = store.learnMode;
    document.body.classList.toggle("learning", on);
    button.setAttribute("aria-pressed", String(on));
    if (!on) button.textContent = "MIDI learn";
    else if (store.learning) button.textContent = `Move a control for ${label(store.learning)}…`;
    else button.textContent = "Choose a dial…";
  };
  root.append(button);
  return {
    show(address) {
      if (store.learning && !address) {
        store.learnMode = false; // what was learned, if it was, is told as news
      } else if (address) {
        store.learnMode = true;
      }
      store.learning = address;
      mark();
    },
  };
}

/** The rest of the parameters of the direction that was touched last. */
export function buildFine(root, found, store) {
  root.hidden = found.fine.size === 0;
  if (root.hidden) return { show() {} };
  const title = h("summary");
  const body = h("div.fields");
  const box = h("details", {}, title, body);
  let shown, built, forget;
  const build = () => {
    if (!box.open || built === shown) return;
    built = shown;
    forget?.();
    const all = [store.parameters.get(shown), ...found.fine.get(shown)];
    forget = store.collect(() => body.replaceChildren(...all.map((one) => field(store, one))));
  };
  box.addEventListener("toggle", build);
  root.replaceChildren(box);
  const show = (address) => {
    if (!found.fine.has(address)) return;
    shown = address;
    title.textContent = `Fine settings of ${label(address)}`;
    build();
  };
  show([...found.fine.keys()][0]);
  return { show };
}

const MOST_ERRORS = 100;
const QUIET = 10; // seconds after which what comes again is said again

export function buildLog(root, entries) {
  const title = h("summary"), list = h("ol");
  const box = h("details", {}, title, list);
  const known = new Map();
  const show = (news) => {
    let said;
    for (const entry of news) {
      const before = known.get(entry.id);
      if (!before || entry.at - before.at > QUIET) said = entry.text;
      known.delete(entry.id);
      known.set(entry.id, entry);
    }
    while (known.size > MOST_ERRORS) {
      // Half of the places are for what the bridge itself has to say.
      const outside = [...known.values()].filter((entry) => entry.source);
      const crowd = 2 * outside.length > MOST_ERRORS ? outside : [...known.values()].filter((entry) => !entry.source);
      known.delete(crowd[0].id);
    }
    title.textContent = known.size ? `Errors: ${known.size}` : "No errors";
    root.classList.toggle("some", known.size > 0);
    list.replaceChildren(...[...known.values()].reverse().map((entry) =>
      h("li", {}, h("time", { text: new Date(1000 * entry.at).toLocaleTimeString() }),
        h("span", { text: entry.times > 1 ? `${entry.text} (${entry.times}×)` : entry.text }))));
    return said;
  };
  root.replaceChildren(box);
  show(entries);
  return {
    show(news) {
      const said = show(news);
      if (said) toast(said);
    },
  };
}

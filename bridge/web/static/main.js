// Puts the page together from what the bridge says there is, and keeps it in step.

import { toast } from "./dom.js";
import { groups } from "./groups.js";
import { Link } from "./link.js";
import { buildMidi } from "./midi.js";
import { buildDials, buildNotes } from "./notes.js";
import { buildFine, buildLearn, buildLog, buildPresets, buildPrompt } from "./panels.js";
import { Scope } from "./scope.js";
import { Store } from "./store.js";
import { Transport } from "./transport.js";

const SAYS = {
  live: "Connected",
  gone: "Connection lost. Reconnecting…",
  locked: "The address of this bridge has changed: open the one it printed at its start.",
  full: "Too many pages are open. Close one of them.",
  refused: `The bridge refuses this page. Start it with --web-host ${location.hostname}; a proxy must also forward WebSockets.`,
};

const place = (id) => document.getElementById(id);
const connection = place("connection");
let parts, scope, dials = new Map();

const link = new Link({ onMessage: receive, onState: state });
const store = new Store(link);

function state(now) {
  connection.textContent = SAYS[now];
  connection.className = now;
  document.body.classList.toggle("waiting", now !== "live");
  place("stage").inert = now !== "live"; // what is turned now would be lost
}

function build(hello) {
  const focused = document.activeElement?.dataset?.address;
  store.begin(hello);
  scope?.close();
  dials = new Map();
  store.learnMode = false;
  store.learning = null;
  document.body.classList.remove("learning");
  document.title = hello.about.model ? `bridge – ${hello.about.model}` : "bridge";
  const found = groups(store.parameters.values());
  const context = { store, dials, choose };
  parts = {
    transport: new Transport(place("transport"), store, hello),
    fine: buildFine(place("fine"), found, store),
    presets: buildPresets(place("presets"), store, link, hello.presets),
    log: buildLog(place("log"), hello.log),
    midi: buildMidi(place("midi"), link, hello.mappings),
  };
  buildPrompt(place("prompt"), found, store);
  buildNotes(place("notes"), found.notes, context);
  buildDials(place("dials"), found, context);
  parts.learn = buildLearn(place("notes").hidden ? place("dials") : place("notes").querySelector("h2"), store, link, hello.learner);
  parts.learn.show(hello.learning);
  scope = new Scope(place("scope"), hello);
  if (focused) document.querySelector(`[data-address="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** A dial was touched. False if that was for MIDI learn, so that it does not turn. */
function choose(address, onlyLooking = false) {
  parts.fine.show(address);
  if (onlyLooking || !store.learnMode) return true;
  link.say({ learn: address });
  return false;
}

function receive(message) {
  if (message.hello) build(message.hello);
  store.receive(message.values, message.seen);
  if (message.meter) {
    parts.transport.show(message.meter);
    scope.add(message.meter);
    const { now, gliding } = message.meter;
    for (const [address, dial] of dials) dial.showWay(gliding.includes(address) ? now[address] ?? 0 : undefined);
  }
  if (message.presets !== undefined) parts.presets.show(message.presets);
  if (message.learning !== undefined) {
    parts.learn.show(message.learning);
    for (const [address, dial] of dials) dial.element.classList.toggle("listening", address === message.learning);
  }
  if (message.mappings) parts.midi.show(message.mappings);
  if (message.log) parts.log.show(message.log);
  for (const { reason } of message.refused ?? []) toast(reason);
  for (const note of message.notes ?? []) toast(note);
}

document.addEventListener("keydown", (event) => {
  // The space bar is the transport, wherever it does not mean something else.
  const at = event.target;
  const busy = at.closest?.("input, button, select, textarea, summary, a");
  if (event.key !== " " || busy || event.repeat || !store.parameters.has("/play")) return;
  event.preventDefault();
  store.set("/play", store.values["/play"] ? 0 : 1);
});

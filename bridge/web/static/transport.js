// The bar at the top: play, panic, gain, the level, and how the bridge is doing.

import { clamp, h } from "./dom.js";

const FLOOR = -60; // dB, the left end of the meter
const FALL = 20; // dB a second
const HOLD = 1500; // ms that the peak stays
const TROUBLE = 10000; // ms that a new underrun stays marked

export class Transport {
  constructor(root, store, hello) {
    this.store = store;
    const has = (address) => store.parameters.has(address);
    this.play = h("button.play", { type: "button", "data-address": "/play",
      onclick: () => store.set("/play", store.values["/play"] ? 0 : 1) });
    const panic = h("button.panic", { type: "button", text: "Panic", "data-address": "/panic",
      title: store.parameters.get("/panic")?.help, onclick: () => store.fire("/panic") });
    root.replaceChildren(
      h("div.buttons", {}, has("/play") && this.play, has("/panic") && panic),
      h("div.level", {}, has("/gain") && this.gain(), hello.meters && this.meter()),
      hello.meters && this.readings(),
    );
    if (has("/play")) {
      store.watch("/play", (value) => {
        this.play.textContent = value ? "Pause" : "Play";
        this.play.classList.toggle("paused", !value);
        this.play.setAttribute("aria-label", value ? "Pause the music" : "Play the music");
      });
    }
    this.shown = FLOOR;
    this.peak = FLOOR;
    this.peakAt = this.at = 0;
    this.underruns = undefined;
    this.troubleAt = -Infinity;
  }

  gain() {
    const { low, high } = this.store.parameters.get("/gain");
    const text = h("output");
    const range = h("input", { type: "range", min: low, max: high, step: 0.5, "aria-label": "Gain in dB",
      "data-address": "/gain",
      oninput: () => this.store.set("/gain", Number(range.value)),
      ondblclick: () => this.store.set("/gain", 0) });
    this.store.watch("/gain", (value) => {
      range.value = value;
      text.textContent = value <= low ? "off" : `${value.toFixed(1).replace("-", "−")} dB`;
      range.setAttribute("aria-valuetext", text.textContent);
      range.style.setProperty("--share", (value - low) / (high - low));
    });
    return h("label.gain", {}, h("span", { text: "Gain" }), range, text);
  }

  meter() {
    this.bar = h("div.bar");
    this.mark = h("div.mark");
    this.db = h("output");
    this.scale = h("div.scale", { role: "meter", "aria-label": "Level in dB", "aria-valuemin": FLOOR, "aria-valuemax": 0 }, this.bar, this.mark);
    return h("div.meter", {}, h("span", { text: "Level" }), this.scale, this.db);
  }

  readings() {
    this.cells = {};
    const cell = (key, title, help) => {
      this.cells[key] = h("dd", { text: "–" });
      return h("div", { title: help }, h("dt", { text: title }), this.cells[key]);
    };
    return h("dl.readings", {},
      cell("speed", "Speed", "speed of generation, in multiples of real time"),
      cell("buffer", "Buffer", "audio buffered ahead"),
      cell("latency", "Latency", "time from a turned knob to the first changed sample"),
      cell("underruns", "Underruns", "dropouts since the start"),
      cell("tempo", "Tempo", "measured from the audio"),
      cell("seconds", "Set", "time played"));
  }

  /** A reading of the meters. */
  show(meter) {
    if (!this.bar) return;
    const now = performance.now();
    const level = clamp(meter.level ?? FLOOR, FLOOR, 6);
    this.shown = Math.max(level, this.shown - (FALL * (now - this.at)) / 1000, FLOOR);
    this.at = now;
    if (level >= this.peak || now - this.peakAt > HOLD) {
      this.peak = level;
      this.peakAt = now;
    }
    const share = (db) => clamp((db - FLOOR) / -FLOOR, 0, 1);
    this.bar.style.setProperty("--rest", 1 - share(this.shown));
    this.mark.style.setProperty("--at", share(this.peak));
    this.mark.classList.toggle("hot", this.peak > -1);
    this.write(this.db, level <= FLOOR ? "−∞" : `${level.toFixed(0).replace("-", "−")} dB`);
    this.scale.setAttribute("aria-valuenow", Math.round(level));

    if (this.underruns !== undefined && meter.underruns > this.underruns) this.troubleAt = now;
    this.underruns = meter.underruns;
    const { speed, buffer, latency, underruns, tempo, seconds } = this.cells;
    this.write(speed, `${meter.speed?.toFixed(1) ?? "–"}×`, meter.speed !== null && meter.speed > 0 && meter.speed < 1.1);
    this.write(buffer, ms(meter.buffer), meter.buffer < 0.06 && this.store.values["/play"]);
    this.write(latency, ms(meter.latency));
    this.write(underruns, String(meter.underruns ?? "–"), now - this.troubleAt < TROUBLE);
    const wanted = this.store.values["/tempo/target"];
    const measured = meter.tempo ? `${meter.tempo.toFixed(0)}` : "–";
    this.write(tempo, wanted ? `${measured} → ${wanted.toFixed(0)}` : measured);
    this.write(seconds, clock(meter.seconds ?? 0));
  }

  write(cell, text, trouble = false) {
    if (cell.textContent !== text) cell.textContent = text;
    cell.classList.toggle("trouble", Boolean(trouble));
  }
}

function ms(seconds) {
  return seconds === null || seconds === undefined ? "–" : `${Math.round(1000 * seconds)} ms`;
}

function clock(seconds) {
  const part = (value) => String(Math.floor(value)).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

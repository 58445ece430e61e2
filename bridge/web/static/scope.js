// What sounds, over time, as the share of each of the twelve notes; and over it how the directions
// were turned, so that one sees a knob take effect.

import { NOTES, NOTE_COLOURS, colour, h, label } from "./dom.js";

const COLUMN = 0.04; // seconds
const COLUMNS = 750;
const QUIET = 0.05; // the share of a note that is not shown; a twelfth is nothing special
const FULL = 0.5; // the share that is shown at full brightness
const GROUND = [19, 24, 31];
const LEFT = 30; // pixels for the names of the notes
const LETTERS = 8; // of a direction's name
const NAMES = "600 13px system-ui, -apple-system, 'DejaVu Sans', sans-serif";
const LABEL = 17; // pixels that one name needs

export class Scope {
  constructor(root, hello) {
    root.hidden = !hello.meters;
    this.columns = []; // {index, now}
    this.last = undefined;
    if (root.hidden) return;
    this.canvas = h("canvas", { role: "img", "aria-label": "Share of each note in the audio over the last half minute, with the directions above it" });
    this.box = h("div.picture", {}, this.canvas);
    root.replaceChildren(h("h2", {}, h("span", { text: "Sound and knobs" }), h("small", { text: "last 30 s" })), this.box);
    this.grid = new OffscreenCanvas(COLUMNS, 12);
    this.pen = this.grid.getContext("2d", { willReadFrequently: true });
    this.pen.fillStyle = rgb(GROUND);
    this.pen.fillRect(0, 0, COLUMNS, 12);
    this.colours = NOTE_COLOURS.map(parse);
    this.pixels = this.pen.createImageData(1, 12);
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.box);
    for (const column of hello.columns) this.add(column);
    this.fit();
  }

  /** Ends drawing; another scope takes the place. */
  close() {
    this.observer?.disconnect();
    this.canvas = undefined;
  }

  add(column) {
    if (!this.grid) return;
    const index = Math.round(column.at / COLUMN);
    const first = this.last === undefined ? index : Math.max(this.last + 1, index - COLUMNS + 1);
    for (let at = first; at <= index; at++) this.paint(at, column.chroma);
    if (this.last !== undefined && index <= this.last) return;
    this.last = index;
    this.columns.push({ index, now: column.now });
    while (this.columns[0].index <= index - COLUMNS) this.columns.shift();
    this.wake();
  }

  paint(index, chroma) {
    const { data } = this.pixels;
    for (let note = 0; note < 12; note++) {
      const share = Math.min(Math.max((chroma[note] ?? 0) / 255 - QUIET, 0) / (FULL - QUIET), 1);
      const lit = share ** 0.8 * 0.9;
      const at = 4 * (11 - note);
      for (let part = 0; part < 3; part++) {
        data[at + part] = GROUND[part] + lit * (this.colours[note][part] - GROUND[part]);
      }
      data[at + 3] = 255;
    }
    this.pen.putImageData(this.pixels, index % COLUMNS, 0);
  }

  fit() {
    if (!this.canvas) return;
    const { width, height } = this.box.getBoundingClientRect();
    const scale = Math.min(devicePixelRatio || 1, 2);
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.size = { width, height, scale };
    this.wake();
  }

  /** Draws with the next frame, and only when there is something new. */
  wake() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (this.canvas && this.last !== undefined && this.size) this.draw();
    });
  }

  draw() {
    const { width, height, scale } = this.size;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const wide = width - LEFT - this.right(pen);
    pen.imageSmoothingEnabled = false;
    // The grid is a ring: its oldest column is the one after the newest.
    const cut = (this.last + 1) % COLUMNS;
    const each = wide / COLUMNS;
    pen.drawImage(this.grid, cut, 0, COLUMNS - cut, 12, LEFT, 0, (COLUMNS - cut) * each, height);
    if (cut) pen.drawImage(this.grid, 0, 0, cut, 12, LEFT + (COLUMNS - cut) * each, 0, cut * each, height);
    this.names(pen, height);
    this.traces(pen, wide, height, each);
  }

  /** Pixels that the longest name of a direction in the picture needs, and its value. */
  right(pen) {
    pen.font = NAMES;
    const names = new Set(this.columns.flatMap(({ now }) => Object.keys(now)).map(short));
    const wide = Math.max(18, ...[...names].map((name) => pen.measureText(name).width));
    return Math.ceil((wide + 50) / 20) * 20;
  }

  names(pen, height) {
    const row = height / 12;
    pen.font = `600 ${Math.min(13, Math.floor(row * 0.9))}px system-ui, sans-serif`;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (let note = 0; note < 12; note++) {
      pen.fillStyle = NOTE_COLOURS[note];
      pen.fillText(NOTES[note], LEFT - 7, height - (note + 0.5) * row);
    }
  }

  traces(pen, wide, height, each) {
    const active = new Set();
    let low = 0, high = 1;
    for (const { now } of this.columns) {
      for (const [address, value] of Object.entries(now)) {
        active.add(address);
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const y = (value) => height - 5 - ((value - low) / (high - low)) * (height - 10);
    const x = (index) => LEFT + wide - (this.last - index) * each;
    pen.lineWidth = 1;
    pen.strokeStyle = "rgba(238, 242, 246, 0.28)";
    pen.setLineDash([2, 5]);
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    pen.textAlign = "left";
    pen.fillStyle = "#a9b4c1";
    for (const level of [0, 1]) {
      pen.fillText(String(level), LEFT + 3, y(level) + (level ? 8 : -7));
      pen.beginPath();
      pen.moveTo(LEFT, y(level));
      pen.lineTo(LEFT + wide, y(level));
      pen.stroke();
    }
    pen.setLineDash([]);
    pen.lineJoin = "round";
    const ends = [];
    for (const address of active) {
      pen.beginPath();
      let before;
      for (const { index, now } of this.columns) {
        const value = now[address];
        if (value !== undefined) {
          if (before === undefined) pen.moveTo(x(index - 1), y(0));
          pen.lineTo(x(index), y(value));
        } else if (before !== undefined) {
          pen.lineTo(x(index), y(0));
        }
        before = value;
      }
      pen.lineWidth = 6;
      pen.strokeStyle = "rgba(8, 10, 14, 0.85)";
      pen.stroke();
      pen.lineWidth = 2.5;
      pen.strokeStyle = colour(address);
      pen.stroke();
      if (before !== undefined) ends.push({ address, value: before, y: y(before) });
    }
    this.ends(pen, ends, LEFT + wide + 6, height);
  }

  /** The names at the right end, pushed apart where they would overlap. */
  ends(pen, ends, left, height) {
    const room = Math.max(1, Math.floor(height / LABEL));
    const shown = ends.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, room).sort((a, b) => a.y - b.y);
    pen.textAlign = "left";
    pen.font = NAMES;
    let free = LABEL / 2;
    shown.forEach((end, number) => {
      const lowest = height - LABEL / 2 - (shown.length - 1 - number) * LABEL;
      const at = Math.min(Math.max(end.y, free), lowest);
      free = at + LABEL;
      pen.fillStyle = colour(end.address);
      pen.fillText(`${short(end.address)} ${end.value.toFixed(1).replace("-", "−")}`, left, at);
    });
  }
}

function short(address) {
  return label(address).slice(0, LETTERS);
}

function parse(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function rgb([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

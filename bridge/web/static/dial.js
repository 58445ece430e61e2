// A dial: dragged, wheeled, typed into, or turned by the keyboard; it shows its range, where it
// stands, and, while it glides, where it is on the way there.

import { clamp, h, svg } from "./dom.js";

const SWEEP = 270; // degrees
const TRAVEL = 220; // pixels of dragging from one end to the other
const FINE = 8; // times slower with Shift held
const HOLD = 550; // ms
const TAPS = 350; // ms between the two of a double tap
const R = 41; // of the track, in a picture of 100 × 100

/** `onSet(value)` when a person turns it; `onTake()` before, and `false` from it prevents that. */
export class Dial {
  constructor(parameter, { name, colour, inside = false, onSet, onTake = () => true }) {
    this.parameter = parameter;
    this.low = parameter.low;
    this.high = parameter.high;
    this.whole = parameter.type === "i";
    this.bipolar = this.low < 0 && this.high > 0;
    this.step = this.whole ? 1 : niceStep((this.high - this.low) / 80);
    this.name = name;
    this.onSet = onSet;
    this.onTake = onTake;
    this.value = parameter.default;

    this.arc = svg("path.arc");
    this.way = svg("circle.way", { r: 4.2, hidden: true });
    this.hand = svg("line.hand", { x1: 50, y1: 50 - R + 13, x2: 50, y2: 50 - R - 2 });
    const zero = this.bipolar ? 0 : this.low;
    this.zero = zero;
    const ticks = [];
    if (parameter.address.startsWith("/steer/") && this.high > 1) {
      for (const at of [-1, 1]) {
        const angle = this.angle(at);
        ticks.push(svg("line.tick", {
          x1: 50, y1: 50 - R - 7, x2: 50, y2: 50 - R - 2.5, transform: `rotate(${angle} 50 50)`,
        }));
      }
    }
    this.picture = svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" },
      svg("path.track", { d: arc(-SWEEP / 2, SWEEP / 2) }), ...ticks, this.arc, this.hand, this.way);
    this.number = h("span.value");
    this.face = h("div.face", {}, inside && h("span.name", { text: name }), this.number);
    this.knob = h("div.knob", {
      tabindex: 0, role: "slider",
      "aria-label": inside || !parameter.help ? name : `${name}: ${parameter.help}`,
      "aria-valuemin": this.low, "aria-valuemax": this.high,
      "data-address": parameter.address,
      onpointerdown: (event) => this.grab(event),
      onpointermove: (event) => this.drag(event),
      onpointerup: (event) => this.release(event),
      onpointercancel: () => this.cancel(),
      onkeydown: (event) => this.key(event),
      oncontextmenu: (event) => event.preventDefault(),
    }, this.picture, this.face);
    this.knob.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.element = h("div.dial", {}, this.knob,
      !inside && h("span.caption", { text: name, "aria-hidden": "true" }));
    this.element.style.setProperty("--colour", colour);
    this.show(this.value);
  }

  angle(value) {
    return ((value - this.low) / (this.high - this.low) - 0.5) * SWEEP;
  }

  show(value) {
    this.value = value;
    const from = this.angle(this.zero), to = this.angle(clamp(value, this.low, this.high));
    this.arc.setAttribute("d", Math.abs(to - from) < 0.5 ? "" : arc(Math.min(from, to), Math.max(from, to)));
    this.hand.setAttribute("transform", `rotate(${to} 50 50)`);
    const off = Math.abs(value - this.zero) < 1e-9 && this.bipolar;
    this.number.textContent = off ? "off" : this.text(value);
    this.element.classList.toggle("off", off);
    this.element.classList.toggle("away", this.bipolar && value < 0);
    this.knob.setAttribute("aria-valuenow", round(value));
    const unit = this.parameter.unit && !this.parameter.unit.startsWith("×") ? ` ${this.parameter.unit}` : "";
    this.knob.setAttribute("aria-valuetext", off ? "off" : `${this.text(value)}${unit}`);
  }

  /** Where it is on its way to its value, or undefined when it is there. */
  showWay(now) {
    const there = now === undefined || Math.abs(now - this.value) < 0.015;
    this.way.toggleAttribute("hidden", there);
    if (there) return;
    const angle = ((this.angle(now) - 90) * Math.PI) / 180;
    this.way.setAttribute("cx", 50 + R * Math.cos(angle));
    this.way.setAttribute("cy", 50 + R * Math.sin(angle));
  }

  text(value) {
    if (this.whole) return String(Math.round(value));
    const digits = this.high - this.low >= 40 ? 1 : 2;
    return value.toFixed(digits).replace("-", "−");
  }

  turn(value) {
    value = clamp(value, this.low, this.high);
    value = this.whole ? Math.round(value) : round(value);
    if (value === this.value) return;
    this.show(value);
    this.onSet(value);
  }

  // ---- pointer ----

  grab(event) {
    if (event.button !== 0 || this.typing) return;
    this.knob.focus({ preventScroll: true });
    if (this.onTake() === false) {
      event.preventDefault();
      return;
    }
    this.knob.setPointerCapture(event.pointerId);
    this.held = { id: event.pointerId, x: event.clientX, y: event.clientY, value: this.value, far: 0 };
    this.element.classList.add("turning");
    this.holding = setTimeout(() => {
      this.cancel();
      this.type("");
    }, HOLD);
  }

  drag(event) {
    const held = this.held;
    if (held?.id !== event.pointerId) return;
    const moved = event.clientX - held.x - (event.clientY - held.y);
    held.x = event.clientX;
    held.y = event.clientY;
    held.far += Math.abs(moved);
    if (held.far < 4) return; // a finger that is put down never quite stands still
    clearTimeout(this.holding);
    const slow = event.shiftKey ? FINE : 1;
    held.value = clamp(held.value + (moved * (this.high - this.low)) / TRAVEL / slow, this.low, this.high);
    // Off is easy to find again.
    const snap = this.bipolar && Math.abs(held.value) < (this.high - this.low) / 120 && slow === 1;
    this.turn(snap ? 0 : held.value);
  }

  release(event) {
    const held = this.held;
    if (held?.id !== event.pointerId) return;
    this.cancel();
    if (held.far >= 4) return;
    if (event.timeStamp - (this.tapped ?? -Infinity) < TAPS) {
      this.tapped = undefined;
      this.turn(this.parameter.default);
    } else {
      this.tapped = event.timeStamp;
    }
  }

  cancel() {
    clearTimeout(this.holding);
    this.held = undefined;
    this.element.classList.remove("turning");
  }

  wheel(event) {
    if (document.activeElement !== this.knob) return; // else scrolling the page would turn it
    event.preventDefault();
    this.turn(this.value - Math.sign(event.deltaY) * this.step * (event.shiftKey ? 0.2 : 1));
  }

  // ---- keyboard ----

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.typing) return;
    const small = event.shiftKey && !this.whole ? this.step / 5 : this.step;
    const large = this.whole ? Math.max(1, Math.round((this.high - this.low) / 10)) : 5 * this.step;
    const moves = {
      ArrowUp: small, ArrowRight: small, ArrowDown: -small, ArrowLeft: -small,
      PageUp: large, PageDown: -large, Home: -Infinity, End: Infinity,
    };
    if (event.key in moves) {
      if (this.onTake() !== false) this.turn(this.value + moves[event.key]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      if (this.onTake() !== false) this.turn(this.parameter.default);
    } else if (event.key === "Enter") {
      if (this.onTake() !== false) this.type("");
    } else if (/^[0-9.,+-]$/.test(event.key)) {
      if (this.onTake() !== false) this.type(event.key);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Type a value instead of turning: Enter takes it, Escape and leaving do not. */
  type(begin) {
    this.typing = true;
    const field = h("input.typed", {
      inputmode: "decimal", autocomplete: "off", "aria-label": `${this.name}: type a value`,
    });
    field.value = begin;
    field.placeholder = this.text(this.value);
    const end = (take) => {
      if (!this.typing) return;
      this.typing = false;
      const focused = document.activeElement === field;
      const typed = Number(field.value.replace(",", ".").replace("−", "-"));
      field.remove();
      if (focused) this.knob.focus({ preventScroll: true });
      if (take && field.value.trim() && Number.isFinite(typed)) this.turn(typed);
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") end(false);
    });
    field.addEventListener("pointerdown", (event) => event.stopPropagation());
    field.addEventListener("blur", () => end(false));
    this.element.append(field);
    field.focus({ preventScroll: true });
  }
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}

function niceStep(about) {
  const power = 10 ** Math.floor(Math.log10(about));
  const choice = [1, 2, 5, 10].find((one) => one * power >= about * 0.999);
  return choice * power;
}

/** The path of an arc between two angles in degrees, clockwise from the top. */
function arc(from, to) {
  const point = (angle) => {
    const turned = ((angle - 90) * Math.PI) / 180;
    return `${(50 + R * Math.cos(turned)).toFixed(2)} ${(50 + R * Math.sin(turned)).toFixed(2)}`;
  };
  return `M ${point(from)} A ${R} ${R} 0 ${to - from > 180 ? 1 : 0} 1 ${point(to)}`;
}

// The one WebSocket: connects again by itself, and sends at most one message an animation frame,
// with the newest value of everything that was turned since the last.

const SILENCE = 4000; // ms; the bridge says something 25 times a second
const FIRST_RETRY = 300;
const LAST_RETRY = 2000;
const CROWDED = 1 << 15; // bytes that may wait to be sent
const REFUSALS = 3; // in a row, though the bridge is there, until they are no accident
const TRY_AGAIN_LATER = 1013; // as the bridge closes a page too many

export class Link {
  /** `onState` hears "live", "gone", or where the bridge is there all the same, "locked", "refused"
   * or "full"; `onMessage` every message while it is live. */
  constructor({ onMessage, onState }) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.number = 0; // of the next message
    this.waiting = {};
    this.scheduled = false;
    this.retry = FIRST_RETRY;
    this.refusals = 0;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => this.hurry());
    setInterval(() => this.watch(), 500);
    this.connect();
  }

  get live() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.heard = performance.now();
    const place = new URL("socket", location.href); // from here, as a proxy may have put the page into a folder
    place.protocol = place.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(place);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard = performance.now();
      const message = JSON.parse(event.data);
      if (message.hello) {
        this.retry = FIRST_RETRY;
        this.refusals = 0;
        this.number = 0;
        this.waiting = {};
        this.onState("live");
      }
      this.onMessage(message);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code === TRY_AGAIN_LATER);
    };
  }

  async lost(full = false) {
    const socket = this.socket;
    socket.onclose = null;
    this.timer = setTimeout(() => this.connect(), this.retry);
    this.retry = Math.min(1.5 * this.retry, LAST_RETRY);
    if (this.refusals < REFUSALS) this.onState(full ? "full" : "gone");
    if (full) return;
    const status = await fetch("alive", { cache: "no-store" }).then((answer) => answer.status, () => 0);
    if (this.live) return;
    this.refusals = status === 204 ? this.refusals + 1 : 0;
    if (status === 401) this.onState("locked");
    else this.onState(this.refusals >= REFUSALS ? "refused" : "gone");
  }

  /** A connection can be dead without saying so, as when a wireless network goes. */
  watch() {
    if (this.timer !== undefined || performance.now() - this.heard < SILENCE) return;
    if (document.visibilityState === "hidden") return;
    const socket = this.socket;
    socket.onclose = null;
    this.lost();
    socket.close();
  }

  hurry() {
    if (this.timer !== undefined && document.visibilityState === "visible") this.connect();
    this.heard = performance.now();
  }

  /** Sends one value with the next frame; returns the number of the message it will be in. */
  set(address, value) {
    this.waiting[address] = value;
    if (!this.scheduled) {
      this.scheduled = true;
      requestAnimationFrame(() => this.tick());
    }
    return this.number + 1;
  }

  tick() {
    this.scheduled = this.live && this.socket.bufferedAmount > CROWDED;
    if (this.scheduled) requestAnimationFrame(() => this.tick());
    else this.flush();
  }

  flush() {
    if (!this.live || Object.keys(this.waiting).length === 0) return;
    const values = this.waiting;
    this.waiting = {};
    this.post({ set: values });
  }

  /** Sends a message at once, after what was turned before it. */
  say(message) {
    this.flush();
    this.post(message);
  }

  post(message) {
    if (!this.live) return;
    this.number += 1;
    this.socket.send(JSON.stringify({ n: this.number, ...message }));
  }
}

// Every value as this page knows it, and who wants to hear of it.

export class Store {
  constructor(link) {
    this.link = link;
    this.parameters = new Map();
    this.values = {};
    this.pending = new Map(); // address → number of the message that set it and is not answered
    this.watchers = new Map();
    this.learning = null;
    this.learnMode = false;
  }

  /** Begin anew with what the bridge says there is. */
  begin(hello) {
    this.parameters = new Map(hello.parameters.map((one) => [one.address, one]));
    this.values = hello.values;
    this.pending.clear();
    this.watchers.clear();
  }

  /** Calls `watcher(value)` now and whenever the value changes. */
  watch(address, watcher) {
    if (!this.watchers.has(address)) this.watchers.set(address, new Set());
    this.watchers.get(address).add(watcher);
    this.collected?.push(() => this.watchers.get(address)?.delete(watcher));
    watcher(this.values[address]);
  }

  /** Builds something that will be taken away again; returns what ends its watching. */
  collect(build) {
    const collected = (this.collected = []);
    build();
    this.collected = undefined;
    return () => collected.forEach((end) => end());
  }

  /** A person turned something: shown at once, and sent. */
  set(address, value) {
    this.pending.set(address, this.link.set(address, value));
    this.change(address, value);
  }

  /** Something that happens rather than is. */
  fire(address, value = null) {
    this.link.set(address, value);
  }

  /** What the bridge says. What was turned here since then stays, until it answers that. */
  receive(values, seen) {
    if (seen !== undefined) {
      for (const [address, number] of this.pending) {
        if (number <= seen) this.pending.delete(address);
      }
    }
    for (const [address, value] of Object.entries(values ?? {})) {
      if (!this.pending.has(address)) this.change(address, value);
    }
  }

  change(address, value) {
    this.values[address] = value;
    for (const watcher of this.watchers.get(address) ?? []) watcher(value);
  }
}

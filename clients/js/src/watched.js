/** What has a state that others watch. */

/** @typedef {import('./types.js').State} State */

const OFTEN = 100; // milliseconds between two notices that differ only in how much is missing

export class Watched {
  /** @type {Set<(state: State) => unknown>} */
  #watchers = new Set();
  #said = '';
  #saidAt = 0;

  /** @returns {State} */
  get state() {
    return { status: 'idle' };
  }

  /**
   * Hear of each change of `state`, soon after it; called with the present one at once.
   * @param {(state: State) => unknown} watcher
   * @returns {() => void} What ends that.
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher(this.state);
    return () => void this.#watchers.delete(watcher);
  }

  /** Tell the watchers, if the state is another than they know. */
  changed() {
    const { state } = this;
    const now = `${state.status} ${state.behind} ${state.at}`;
    const soon = Date.now() - this.#saidAt < OFTEN && this.#said.startsWith(`${state.status} `);
    if (now === this.#said || soon) return;
    this.#said = now;
    this.#saidAt = Date.now();
    // Each on its own: one that throws must not hold up what changed the state.
    this.#watchers.forEach((watcher) => queueMicrotask(() => watcher(state)));
  }
}

/** Functions that are to be called, by name. */

/** @template {(...given: any[]) => unknown} Listener */
export class Listeners {
  /** @type {Map<string, Set<Listener>>} */
  #byName = new Map();

  get size() {
    return this.#byName.size;
  }

  /**
   * @param {string} name
   * @param {Listener} listener
   * @returns {() => void} What takes it away again.
   */
  add(name, listener) {
    const all = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, all.add(listener));
    return () => {
      all.delete(listener);
      if (!all.size && this.#byName.get(name) === all) this.#byName.delete(name);
    };
  }

  /**
   * Those of a name, as they are now: one that is added meanwhile is not called.
   * @param {string} name
   * @returns {Listener[]}
   */
  of(name) {
    return [...(this.#byName.get(name) ?? [])];
  }
}

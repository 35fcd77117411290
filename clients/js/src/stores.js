/** Where a client keeps how far it has come; a third kind is yours to write: `load` and `save`. */

/** @typedef {import('./types.js').Store} Store */
/** @typedef {import('./types.js').Position} Position */

/**
 * Positions that end with the process.
 * @returns {Store}
 */
export function memoryStore() {
  /** @type {Map<string, Position>} */
  const kept = new Map();
  return {
    load: (channel) => kept.get(channel),
    save: (channel, position) => kept.set(channel, position),
  };
}

/**
 * Positions in a `Storage`: they outlive the page, and all pages of an origin share them.
 * @param {Pick<Storage, 'getItem' | 'setItem'>} [storage] `localStorage` by default.
 * @param {string} [prefix] Something for each user, where several use one browser.
 * @returns {Store}
 */
export function storageStore(storage = globalThis.localStorage, prefix = 'gathering:') {
  return {
    load: (channel) => JSON.parse(storage.getItem(prefix + channel) ?? 'null'),
    save: (channel, position) => storage.setItem(prefix + channel, JSON.stringify(position)),
  };
}

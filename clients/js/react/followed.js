/** A stream and what it has come to, for all components that look at it; it is open while one does. */

import { insist } from '../src/insist.js';

/** @typedef {import('../src/errors.js').GatheringError} GatheringError */
/** @typedef {import('../src/stream.js').Stream} Stream */
/** @typedef {import('../src/types.js').Frame} Frame */
/** @typedef {import('../src/types.js').State} State */

const FRAME = 16; // milliseconds: what comes within them is shown together
// StrictMode, and a change of the page, take a component away and bring it back at once.
const LINGER = 200;
const SILENT = 60_000;

/** @template View */
export class Followed {
  /** @type {View | null} */
  #view = null;
  /** @type {{view: View | null, state: State}} What is shown. */
  #shown;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pending;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #tidying;
  #seq = 0;
  #loading = false;
  #fold;

  /**
   * @param {Stream} stream
   * @param {import('./folds.js').Fold<View>} fold
   */
  constructor(stream, fold) {
    this.stream = stream;
    this.#fold = fold;
    this.#shown = { view: null, state: stream.state };
    stream.on('*', (frame) => this.#take(frame));
    stream.watch(() => this.#changed());
  }

  /** For `useSyncExternalStore`. */
  current = () => this.#shown;

  /**
   * For `useSyncExternalStore`.
   * @param {() => void} listener
   */
  subscribe = (listener) => {
    clearTimeout(this.#leaving);
    this.#listeners.add(listener);
    this.#follow();
    return () => {
      this.#listeners.delete(listener);
      if (!this.#listeners.size) this.#leaving = setTimeout(() => this.stream.close(), LINGER);
    };
  };

  async #follow() {
    if (this.#loading || /live|ing/.test(this.stream.state.status)) return;
    if (this.#view) return this.stream.open();
    this.#loading = true;
    const since = await this.#begin();
    this.#loading = false;
    if (since && this.#listeners.size) this.stream.open({ since, snapshot: () => this.#load() });
  }

  /** A snapshot, for as long as somebody looks; if there can be none, the stream ends. */
  async #begin() {
    try {
      return await insist(this.stream.client, () => this.#load(), () => this.#listeners.size);
    } catch (error) {
      this.stream.fail(/** @type {GatheringError} */ (error));
    }
  }

  async #load() {
    const snapshot = await this.stream.snapshot();
    this.#view = this.#fold.begin(snapshot);
    this.#seq = snapshot.seq;
    this.#changed();
    return { seq: snapshot.seq, epoch: snapshot.epoch };
  }

  /** @param {Frame} frame */
  #take(frame) {
    const fold = this.#fold.on[frame.type];
    if (!fold || !this.#view || (frame.seq && frame.seq <= this.#seq)) return;
    this.#seq = frame.seq ?? this.#seq;
    this.#view = fold(this.#view, frame.data, frame);
    this.#changed();
    this.#tidyLater();
    // So much has changed at once that it is not told one by one; what comes meanwhile waits for it.
    if (/** @type {any} */ (this.#view).stale) return this.#begin();
  }

  /** What was begun and not ended goes after a silent minute. */
  #tidyLater() {
    const { tidy } = this.#fold;
    if (!tidy) return;
    clearTimeout(this.#tidying);
    this.#tidying = setTimeout(() => {
      this.#view = this.#view && tidy(this.#view);
      this.#changed();
    }, SILENT);
  }

  #changed() {
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      this.#shown = { view: this.#view, state: this.stream.state };
      this.#listeners.forEach((listener) => listener());
    }, FRAME);
  }
}

/** What was asked of a stream and is not answered yet; it is sent until it is. */

import { delay } from './backoff.js';
import { GatheringError } from './errors.js';

/**
 * @typedef {object} Letter
 * @property {Record<string, unknown>} frame
 * @property {(data: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {number} beats Pings since it was sent on this connection; NaN if it was not.
 */

// In flight at once: enough that those who post in a row share a commit, few enough that a refusal for
// now (`rate_limited`) finds little behind it.
const WINDOW = 16;
const LATER = 3; // as after so many failed attempts

export class Outbox {
  /** @type {Map<string, Letter>} */
  #letters = new Map();
  #send;
  #timing;
  #open = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause;

  /**
   * @param {import('./types.js').Timing} timing
   * @param {(frame: Record<string, unknown>) => void} send
   */
  constructor(timing, send) {
    this.#timing = timing;
    this.#send = send;
  }

  /**
   * Send `frame` until it is answered.  Resolves to the data of its `ack`; rejects with a GatheringError
   * that is not to be retried, or with the reason of the signal.
   * @param {string} id
   * @param {Record<string, unknown>} frame
   * @param {AbortSignal} [signal]
   * @returns {Promise<{ref: string, seq: number | null}>}
   */
  put(id, frame, signal) {
    return new Promise((resolve, reject) => {
      this.#letters.set(id, { frame: { ...frame, id }, resolve, reject, beats: NaN });
      const abort = () => this.#take(id)?.reject(signal?.reason);
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      this.#flush();
    });
  }

  /** The stream is joined: what is not answered goes out, in order. */
  open() {
    this.#open = true;
    this.#again();
  }

  /** Nothing can be sent for now. */
  shut() {
    this.#open = false;
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  /**
   * Take an answer.
   * @param {import('./types.js').Frame} frame
   */
  settle({ type, data }) {
    const letter = this.#letters.get(data.ref);
    if (letter && type === 'error' && data.retryable) return this.#wait();
    this.#take(data.ref);
    if (type === 'ack') letter?.resolve(data);
    else letter?.reject(GatheringError.from(data));
    this.#flush();
  }

  /** A beat of the server's heart: an answer that is missing at the second one is asked for again. */
  beat() {
    for (const letter of this.#letters.values()) if (++letter.beats > 1) letter.beats = NaN;
    this.#flush();
  }

  /**
   * Give up: on everything, or on what is under way.
   * @param {GatheringError} error
   * @param {boolean} [sentOnly]
   * @returns {boolean} Whether there was any of that.
   */
  fail(error, sentOnly) {
    const all = [...this.#letters].filter(([, { beats }]) => !sentOnly || beats >= 0);
    all.forEach(([id]) => this.#take(id)?.reject(error));
    return all.length > 0;
  }

  /** @param {string} id */
  #take(id) {
    const letter = this.#letters.get(id);
    this.#letters.delete(id);
    return letter;
  }

  #flush() {
    if (!this.#open || this.#pause) return;
    for (const letter of [...this.#letters.values()].slice(0, WINDOW)) {
      if (letter.beats >= 0) continue;
      letter.beats = 0;
      this.#send(letter.frame);
    }
  }

  #again() {
    for (const letter of this.#letters.values()) letter.beats = NaN;
    this.#flush();
  }

  /** Refused for now: after a while all that is not answered goes out again, in order. */
  #wait() {
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.#again();
    }, this.#timing.base + delay(this.#timing, LATER));
  }
}

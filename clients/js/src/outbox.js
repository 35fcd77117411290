/** What was asked of a stream and is not answered yet; it is sent until it is. */

import { delay } from './backoff.js';
import { GatheringError } from './errors.js';

/** @typedef {import('./types.js').Frame} Frame */

/**
 * @typedef {object} Letter
 * @property {Record<string, unknown>} frame
 * @property {(data: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {boolean} sent On this connection.
 * @property {number} beats Pings since then.
 */

// In flight at once: enough that those who post in a row share a commit, few enough that a refusal for
// now (`rate_limited`) finds little behind it.
const WINDOW = 16;

export class Outbox {
  /** @type {Map<string, Letter>} */
  #letters = new Map();
  #send;
  #timing;
  #open = false;
  #refusals = 0;
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
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', () => this.#take(id)?.reject(signal.reason), { once: true });
      this.#letters.set(id, { frame: { ...frame, id }, resolve, reject, sent: false, beats: 0 });
      this.#flush();
    });
  }

  /** The stream is joined: what is not answered goes out, in order. */
  open() {
    this.#open = true;
    this.#refusals = 0;
    for (const letter of this.#letters.values()) letter.sent = false;
    this.#flush();
  }

  /** Nothing can be sent for now. */
  shut() {
    this.#open = false;
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  /**
   * Take an answer.  Returns whether it was one to something in here.
   * @param {Frame} frame
   */
  settle({ type, data }) {
    const letter = this.#letters.get(data.ref);
    if (!letter) return false;
    if (type === 'error' && data.retryable) {
      this.#wait();
    } else {
      this.#take(data.ref);
      if (type === 'ack') letter.resolve(data);
      else letter.reject(GatheringError.from(data));
      this.#flush();
    }
    return true;
  }

  /** A beat of the server's heart: an answer that is missing at the second one is asked for again. */
  beat() {
    for (const letter of this.#letters.values()) letter.sent &&= ++letter.beats < 2;
    this.#flush();
  }

  /**
   * Give up on everything.
   * @param {unknown} error
   */
  fail(error) {
    this.shut();
    for (const id of [...this.#letters.keys()]) this.#take(id)?.reject(error);
  }

  /**
   * A frame was too large for the server, which does not say which: it was the longest of those sent.
   * Returns whether there was one.
   */
  dropLongest() {
    const size = (/** @type {[string, Letter]} */ [, letter]) => JSON.stringify(letter.frame).length;
    const sent = [...this.#letters].filter(([, letter]) => letter.sent).sort((a, b) => size(b) - size(a));
    const error = new GatheringError('frame_too_large', 'The frame is larger than the server takes.');
    sent.slice(0, 1).forEach(([id]) => this.#take(id)?.reject(error));
    return sent.length > 0;
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
      if (letter.sent) continue;
      letter.sent = true;
      letter.beats = 0;
      this.#send(letter.frame);
    }
  }

  /** Refused for now: after a while all that is not answered goes out again, in order. */
  #wait() {
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      for (const letter of this.#letters.values()) letter.sent = false;
      this.#flush();
    }, this.#timing.base + delay(this.#timing, this.#refusals++));
  }
}

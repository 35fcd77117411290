/** One `for await` loop: it is offered one event at a time, and has handled it when it asks for the next. */

/** @typedef {import('./types.js').Frame} Frame */

export const LEFT = Symbol('left');

export class Loop {
  /** @type {Frame | undefined} */
  #frame;
  #ended = false;
  /** @type {unknown} */
  #error;
  /** @type {((how?: unknown) => void) | undefined} */
  #done;
  /** @type {((woken?: unknown) => void) | undefined} */
  #wake;

  /**
   * Offer an event.  Resolves once it is handled, to `LEFT` if the loop was left at it.
   * @param {Frame} frame
   * @returns {Promise<unknown>}
   */
  offer(frame) {
    return new Promise((resolve) => {
      this.#frame = frame;
      this.#done = resolve;
      this.#wake?.();
    });
  }

  /**
   * No event comes after this; with an error, the loop throws it.
   * @param {unknown} [error]
   */
  end(error) {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /** @returns {AsyncGenerator<Frame, void, void>} */
  async *frames() {
    try {
      while (!this.#ended) {
        const frame = this.#frame;
        this.#frame = undefined;
        if (frame) yield frame;
        else await new Promise((resolve) => (this.#wake = resolve));
        if (frame) this.#done?.();
      }
      if (this.#error) throw this.#error;
    } finally {
      this.#done?.(LEFT);
    }
  }
}

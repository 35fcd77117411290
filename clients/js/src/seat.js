/**
 * One `for await` loop's place in a stream: it is offered one event at a time, and has handled that when
 * it asks for the next.
 */

/** @typedef {import('./types.js').Frame} Frame */

export class Seat {
  /** @type {Frame | undefined} */
  #frame;
  #ended = false;
  /** @type {unknown} */
  #error;
  /** @type {((handled: boolean) => void) | undefined} */
  #done;
  /** @type {(() => void) | undefined} */
  #wake;

  /**
   * Offer an event.  Resolves to true once it is handled, to false if the loop was left at it.
   * @param {Frame} frame
   * @returns {Promise<boolean>}
   */
  offer(frame) {
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#frame = frame;
      this.#done = resolve;
      this.#wake?.();
    });
  }

  /**
   * The next event, or undefined at the end; what it gave before counts as handled.
   * @returns {Promise<Frame | undefined>}
   */
  async next() {
    if (!this.#frame) this.#settle(true);
    while (!this.#frame && !this.#ended) {
      await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    }
    if (this.#error) throw this.#error;
    const frame = this.#frame;
    this.#frame = undefined;
    return this.#ended ? undefined : frame;
  }

  /**
   * No event comes after this; with an error, the loop throws it.
   * @param {unknown} [error]
   */
  end(error) {
    this.#ended = true;
    this.#error = error;
    this.#settle(false);
    this.#wake?.();
  }

  /** @param {boolean} handled */
  #settle(handled) {
    this.#done?.(handled);
    this.#done = undefined;
  }
}

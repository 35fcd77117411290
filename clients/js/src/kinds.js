/** The kinds of streams to which something of their own can be said. */

import { Stream } from './stream.js';

export class Circle extends Stream {
  /**
   * Post a message, as whoever you are; resolves once the server has it for good.
   * @param {string} content
   * @param {{reply_to?: number, draft?: string, id?: string, signal?: AbortSignal}} [options]
   */
  post(content, { id, signal, ...fields } = {}) {
    return this.ask('message', { content, ...fields }, { id, signal });
  }

  /** Others see that you are writing; it may be lost. */
  typing() {
    return this.tell('typing');
  }

  /**
   * Begin a message that others see as it is written: for agents.
   * @param {{reply_to?: number}} [about] What it answers.
   */
  draft(about) {
    return new Draft(this, about);
  }
}

/** A message as it is written. */
export class Draft {
  #about;
  #circle;
  #text = '';

  /**
   * @param {Circle} circle
   * @param {{reply_to?: number}} [about]
   */
  constructor(circle, about) {
    this.#circle = circle;
    this.#about = { ...about, draft: (this.id = circle.client.newId()) };
  }

  /** @param {string} delta The next piece of text. */
  write(delta) {
    this.#circle.tell('message_delta', { ...this.#about, delta, offset: [...this.#text].length });
    this.#text += delta;
  }

  /**
   * Post what was written.
   * @param {{reply_to?: number, signal?: AbortSignal}} [options]
   */
  post(options) {
    return this.#circle.post(this.#text, { ...this.#about, ...options });
  }

  /** Give up: what others saw of it goes. */
  drop() {
    this.#circle.tell('message_delta', { ...this.#about, ended: true });
  }
}

export class Agent extends Stream {
  /**
   * Say what you are doing, as the agent itself.
   * @param {string} status
   */
  status(status) {
    return this.ask('agent_status', { data: { status } });
  }

  /**
   * Report one AG-UI event, as the agent itself.
   * @param {Record<string, unknown>} event
   */
  activity(event) {
    return this.ask('agent_activity', { data: event });
  }
}

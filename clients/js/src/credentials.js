/** What a client shows to the server: a token, a one-time ticket, or the session cookie of its page. */

import { GatheringError } from './errors.js';

const PROTOCOL = 'gathering.v1';
const BEARER = 'gathering.bearer.';

export class Credentials {
  /** @type {import('./types.js').Options['token']} */
  #source;
  /** @type {import('./types.js').Options['ticket']} */
  #ticket;
  /** @type {string | undefined} */
  #token;
  /** When the token ends, in milliseconds as of `Date.now()`; NaN if nobody says. */
  expiresAt = NaN;

  /** @param {import('./types.js').Options} options */
  constructor({ token, ticket }) {
    this.#source = token;
    this.#ticket = ticket;
  }

  /** The subprotocols that a WebSocket offers. */
  async protocols() {
    const token = await this.token();
    return token ? [PROTOCOL, BEARER + token] : [PROTOCOL];
  }

  /**
   * What is put behind an address: a ticket, which is good for once.
   * @returns {Promise<Record<string, string>>}
   */
  async query() {
    return this.#ticket ? { token: await this.#ticket() } : {};
  }

  /**
   * Use `token` from now on, or ask the provider again.
   * @param {import('./types.js').Options['token']} [token]
   */
  async renew(token) {
    if (token) this.#source = token;
    this.forget();
    return this.token();
  }

  /** The token has ended.  Returns whether another can be had. */
  forget() {
    this.#token = undefined;
    return typeof this.#source === 'function' || !!this.#ticket;
  }

  /**
   * The token, if it is by one that the client is known: asked for once, until it has ended.
   * @returns {Promise<string | undefined>}
   */
  async token() {
    if (this.#token || this.#source === undefined) return this.#token;
    const got = typeof this.#source === 'function' ? await this.#source() : this.#source;
    const { token, expiresAt } = typeof got === 'string' ? { token: got } : /** @type {any} */ (got ?? {});
    if (!token) throw new GatheringError('not_authenticated', 'No token.');
    this.expiresAt = +new Date(expiresAt);
    return (this.#token = token);
  }
}

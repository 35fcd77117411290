/** The client: who you are, where the server is, and the streams that you follow. */

import { Agent, Circle } from './kinds.js';
import { Connection } from './connection.js';
import { Credentials } from './credentials.js';
import { parseName } from './names.js';
import { memoryStore } from './stores.js';
import { Stream } from './stream.js';
import { Watched } from './watched.js';

/** @typedef {import('./errors.js').GatheringError} GatheringError */
/** @typedef {import('./types.js').Options} Options */
/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').Timing} Timing */

/** @type {Timing} */
const TIMING = { base: 500, most: 30_000, patience: 10_000, silence: 35_000, upgrade: 300_000 };
/** @type {Record<string, typeof Stream>} */
const KINDS = { circles: Circle, agents: Agent };
const ORDER = ['offline', 'reconnecting', 'connecting', 'catching_up', 'live', 'idle']; // the worst first
const LONGEST = 2e9; // milliseconds: a timer cannot wait much longer

export class GatheringClient extends Watched {
  /** @type {Map<string, Stream>} */
  #streams = new Map();
  /** @type {Map<string, Connection>} By their path. */
  #connections = new Map();
  #ids = 0;
  #prefix = crypto.getRandomValues(new Uint32Array(3)).join('-');
  #closed = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #renewal;

  /** @param {Options} [options] */
  constructor(options = {}) {
    super();
    this.options = options;
    this.url = (options.url ?? globalThis.location?.origin ?? '').replace(/^ws/, 'http').replace(/\/+$/, '');
    this.timing = { ...TIMING, ...options.timing };
    this.credentials = new Credentials(options);
    this.store = options.store ?? memoryStore();
    this.onError = options.onError ?? console.error;
    this.onUnknown = options.onUnknown ?? console.debug;
    this.#wakeOn(globalThis, 'online');
    this.#wakeOn(globalThis.document, 'visibilitychange');
  }

  /** @param {string} name */
  circle(name) {
    return /** @type {Circle} */ (this.stream(`circles.${name}`));
  }

  /** @param {number | string} id */
  workspace(id) {
    return this.stream(`workspaces.${id}`);
  }

  /** @param {number | string} id */
  agent(id) {
    return /** @type {Agent} */ (this.stream(`agents.${id}`));
  }

  /**
   * The stream of a name; asked twice, the same.
   * @param {string} channel
   * @returns {Stream}
   * @throws {GatheringError} `bad_name`
   */
  stream(channel) {
    const { kind, key } = parseName(channel);
    const stream = this.#streams.get(channel) ?? new (KINDS[kind] ?? Stream)(this, kind, key);
    this.#streams.set(channel, stream);
    return stream;
  }

  /**
   * How it stands with all that is followed: the worst of it, but for streams that have ended.
   * @override
   * @returns {State}
   */
  get state() {
    const streams = [...this.#streams.values()].map(({ state }) => state);
    const lines = [...this.#connections.values()].map(({ state }) => state);
    const all = [...lines, ...streams.filter(({ status }) => status !== 'offline')];
    const [worst = super.state] = ORDER.flatMap((name) => all.filter(({ status }) => status === name));
    const behind = streams.reduce((sum, state) => sum + (state.behind ?? 0), 0);
    return worst.behind ? { ...worst, behind } : worst;
  }

  /** Look now whether the connections live, and try those that wait: call it after a sleep. */
  wake() {
    if (globalThis.document?.hidden) return;
    this.#connections.forEach((connection) => connection.wake());
  }

  /**
   * Show the server a new token on the living sockets: the one given, or what the provider gives.
   * @param {Options['token']} [token]
   */
  async refresh(token) {
    const fresh = await this.credentials.renew(token);
    this.#connections.forEach((connection) => connection.send({ type: 'refresh', token: fresh }));
    this.#planRenewal();
  }

  /** End all of it. */
  close() {
    clearTimeout(this.#renewal);
    this.#closed.abort();
    this.#streams.forEach((stream) => stream.close());
  }

  /**
   * Ask REST.  Resolves to the JSON of the answer.
   * @param {string} path
   * @param {{method?: string, body?: unknown, id?: string, signal?: AbortSignal}} [request] With an `id` it
   *   is done once, however often it is sent.
   * @returns {Promise<any>}
   * @throws {GatheringError}
   */
  async request(path, request) {
    return (await this.http()).request(this, path, request);
  }

  // What its parts call

  /** All that is done by HTTP: it comes when it is needed, and does not weigh on those who do not need it. */
  async http() {
    return await import('./http.js');
  }

  /**
   * A socket at `path`.
   * @param {string} path
   * @param {Record<string, any>} position
   */
  async socket(path, position) {
    const protocols = await this.credentials.protocols();
    const query = new URLSearchParams({ ...position, ...(await this.credentials.query()) });
    this.#planRenewal();
    const Socket = this.options.WebSocket ?? WebSocket;
    return new Socket(`${this.url.replace('http', 'ws')}${path}?${query}`, protocols);
  }

  /**
   * What a stream rides on.
   * @param {Stream} stream
   * @returns {Connection}
   */
  connectionOf({ kind, key }) {
    const path = this.options.shared === false ? `/ws/${kind}/${key}` : '/ws/';
    const connection = this.#connections.get(path) ?? new Connection(this, path);
    this.#connections.set(path, connection);
    return connection;
  }

  /** A new id for something that is asked. */
  newId() {
    return `${this.#prefix}-${++this.#ids}`;
  }

  /**
   * Call what is not ours.  What it throws goes to `onError`; a promise is returned, and does not reject.
   * @param {(given?: any) => any} listener
   * @param {any} [given]
   * @returns {any}
   */
  guard(listener, given) {
    const failed = (/** @type {unknown} */ error) => this.onError(error, given);
    try {
      const result = listener(given);
      return result?.then ? result.then(undefined, failed) : result;
    } catch (error) {
      failed(error);
    }
  }

  /**
   * @param {EventTarget | undefined} target
   * @param {string} event
   */
  #wakeOn(target, event) {
    target?.addEventListener?.(event, () => this.wake(), { signal: this.#closed.signal });
  }

  /** A token of which we know the end is renewed before that, on the living socket. */
  #planRenewal() {
    clearTimeout(this.#renewal);
    const left = this.credentials.expiresAt - Date.now();
    if (left > 0) this.#renewal = setTimeout(() => this.guard(() => this.refresh()), Math.min(left * 0.8, LONGEST));
  }
}

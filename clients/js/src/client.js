/** The client: who you are, where the server is, and the streams that you follow. */

import { Agent, Circle, Workspace } from './kinds.js';
import { Connection } from './connection.js';
import { Credentials } from './credentials.js';
import { GatheringError } from './errors.js';
import { parseName } from './names.js';
import { memoryStore } from './stores.js';
import { Stream } from './stream.js';

/** @typedef {import('./types.js').Options} Options */
/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').Timing} Timing */

/** @type {Timing} */
const TIMING = { base: 500, most: 30_000, patience: 10_000, silence: 35_000, upgrade: 60_000 };
/** @type {Record<string, typeof Stream>} */
const KINDS = { circles: Circle, workspaces: Workspace, agents: Agent };
const ORDER = ['idle', 'live', 'catching_up', 'connecting', 'reconnecting', 'offline'];

export class GatheringClient {
  /** @type {Map<string, Stream>} */
  #streams = new Map();
  /** @type {Set<Connection>} */
  #connections = new Set();
  /** @type {Set<(state: State) => unknown>} */
  #watchers = new Set();
  #said = '';
  #ids = 0;
  #prefix = crypto.getRandomValues(new Uint32Array(3)).join('-');
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #renewal;
  #wake = () => {
    if (globalThis.document?.visibilityState !== 'hidden') this.wake();
  };

  /** @param {Options} [options] */
  constructor(options = {}) {
    this.options = options;
    this.url = (options.url ?? globalThis.location?.origin ?? '').replace(/^ws/, 'http').replace(/\/+$/, '');
    this.timing = { ...TIMING, ...options.timing };
    this.credentials = new Credentials(options);
    this.store = options.store ?? memoryStore();
    this.onError = options.onError ?? ((/** @type {unknown} */ error) => console.error(error));
    this.onUnknown = options.onUnknown ?? ((/** @type {Frame} */ frame) => console.debug('no handler for', frame));
    globalThis.addEventListener?.('online', this.#wake);
    globalThis.document?.addEventListener('visibilitychange', this.#wake);
  }

  /** @param {string} name */
  circle(name) {
    return /** @type {Circle} */ (this.stream(`circles.${name}`));
  }

  /** @param {number | string} id */
  workspace(id) {
    return /** @type {Workspace} */ (this.stream(`workspaces.${id}`));
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
    const known = this.#streams.get(channel);
    if (known) return known;
    const made = new (KINDS[kind] ?? Stream)(this, this.#connection(kind, key), kind, key);
    this.#streams.set(channel, made);
    return made;
  }

  /**
   * How it stands with all that is followed: the worst of it.
   * @returns {State}
   */
  get state() {
    const all = [...this.#connections, ...this.#streams.values()].map(({ state }) => state);
    const lines = [...this.#connections].map(({ state }) => state);
    const streams = [...this.#streams.values()].map(({ state }) => state);
    const open = [...lines, ...streams.filter(({ status }) => status !== 'offline')];
    const behind = all.reduce((sum, state) => sum + (state.behind ?? 0), 0);
    const worst = open.reduce((a, b) => (rank(b) > rank(a) ? b : a), /** @type {State} */ ({ status: 'idle' }));
    return worst.status === 'catching_up' ? { ...worst, behind } : worst;
  }

  /**
   * Hear of each change of `state`; called with the present one at once.
   * @param {(state: State) => unknown} watcher
   * @returns {() => void} What ends that.
   */
  watch(watcher) {
    watcher(this.state);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Look now whether the connections live, and try those that wait: call it after a sleep. */
  wake() {
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
    globalThis.removeEventListener?.('online', this.#wake);
    globalThis.document?.removeEventListener('visibilitychange', this.#wake);
    this.#streams.forEach((stream) => stream.close());
  }

  /**
   * Ask REST.  Resolves to the JSON of the answer.
   * @param {string} path
   * @param {{method?: string, body?: unknown, id?: string, signal?: AbortSignal}} [request]
   * @returns {Promise<any>}
   * @throws {GatheringError}
   */
  async request(path, { body, id, ...init } = {}) {
    const headers = {
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(id && { 'Idempotency-Key': id }),
    };
    const response = await this.respond(path, { ...init, headers, body: JSON.stringify(body) });
    return response.status === 204 ? null : response.json();
  }

  // What its parts call

  /**
   * A request with the credential.  A token that has ended is renewed once.
   * @param {string} path
   * @param {RequestInit & {headers: Record<string, string>}} init
   * @returns {Promise<Response>} One that is good, and of the kind that was asked for.
   */
  async respond(path, init, again = true) {
    const headers = { ...init.headers, ...(await this.credentials.headers()) };
    const ask = this.options.fetch ?? fetch;
    const response = await ask(this.url + path, { ...init, headers }).catch((cause) => {
      throw new GatheringError('unreachable', `The server cannot be reached: ${cause.message}.`, true);
    });
    if (response.ok && isA(response, init.headers.Accept)) return response;
    const error = await refusal(response);
    if (!again || error.code !== 'token_expired' || !this.credentials.forget()) throw error;
    return this.respond(path, init, false);
  }

  /**
   * A socket at `path`.
   * @param {string} path
   * @param {Record<string, any>} position
   */
  async socket(path, position) {
    const protocols = await this.credentials.protocols();
    this.#planRenewal();
    const asked = new URLSearchParams({ ...position, ...(await this.credentials.query()) }).toString();
    const Socket = this.options.WebSocket ?? globalThis.WebSocket;
    if (!Socket) throw new GatheringError('unreachable', 'There is no WebSocket here: give one as an option.');
    return new Socket(`${this.url.replace(/^http/, 'ws')}${path}${asked && `?${asked}`}`, protocols);
  }

  /** A new id for something that is asked. */
  newId() {
    return `${this.#prefix}-${++this.#ids}`;
  }

  /**
   * Call what is not ours.  What it throws goes to `onError`; a promise is returned, and does not reject.
   * @param {(given?: any) => unknown} listener
   * @param {any} [given]
   * @returns {any}
   */
  guard(listener, given) {
    try {
      const result = /** @type {any} */ (listener(given));
      return result?.then?.(undefined, (/** @type {unknown} */ error) => this.onError(error, given));
    } catch (error) {
      this.onError(error, given);
    }
  }

  /** Something may be in another state. */
  changed() {
    const { state } = this;
    if (JSON.stringify(state) === this.#said) return;
    this.#said = JSON.stringify(state);
    this.#watchers.forEach((watcher) => this.guard(watcher, state));
  }

  /**
   * @param {string} kind
   * @param {string} key
   */
  #connection(kind, key) {
    const [shared] = this.options.shared === false ? [] : this.#connections;
    const path = this.options.shared === false ? `/ws/${kind}/${key}` : '/ws/';
    const connection = shared ?? new Connection(this, path);
    this.#connections.add(connection);
    return connection;
  }

  /** A token of which we know the end is renewed before that, on the living socket. */
  #planRenewal() {
    clearTimeout(this.#renewal);
    const left = this.credentials.expiresAt - Date.now();
    if (!(left > 0)) return;
    this.#renewal = setTimeout(() => this.refresh().catch(this.onError), Math.min(left * 0.8, 2 ** 31 - 1));
  }
}

/** @param {State} state */
const rank = ({ status }) => ORDER.indexOf(status);

/**
 * @param {Response} response
 * @param {string} type
 */
function isA(response, type) {
  return response.status === 204 || !!response.headers.get('content-type')?.startsWith(type);
}

/** @param {Response} response */
async function refusal(response) {
  const type = response.headers.get('content-type');
  if (type?.startsWith('application/json')) return GatheringError.from(await response.json());
  const detail = `What answered is no GatheRing: ${response.status}, ${type}.`;
  return new GatheringError('bad_answer', detail, true);
}

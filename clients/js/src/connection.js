/**
 * One connection that comes back: the sockets that are opened one after the other, on behalf of the
 * streams that ride on them.
 */

import { delay } from './backoff.js';
import { ABNORMAL, TOO_LARGE, advice } from './codes.js';
import { GatheringError, unreachable } from './errors.js';
import { readFrame } from './frames.js';

/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./client.js').GatheringClient} GatheringClient */
/** @typedef {import('./stream.js').Stream} Stream */

const BLOCKED = 2; // sockets in a row that brought no frame: then HTTP is thought of in turn
const MUCH = 4; // by so many steps a wait is longer where the server says that it has too much to do

export class Connection {
  /** @type {State} */
  state = { status: 'idle' };
  /** @type {{id: number, name: string, kind: string} | null} */
  actor = null;
  /** @type {Map<string, Stream>} */
  #streams = new Map();
  /** @type {any} */
  #socket = null;
  #client;
  #path;
  #turn = 0;
  #level = 0;
  #failures = 0;
  #blocked = 0;
  #openedAt = 0;
  /** @type {GatheringError | undefined} What the server said before it closed. */
  #error;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watch;

  /**
   * @param {GatheringClient} client
   * @param {string} path `/ws/`, where streams are subscribed to, or the address of one stream.
   */
  constructor(client, path) {
    this.#client = client;
    this.#path = path;
  }

  /** Whether streams are subscribed to, rather than being what the address is about. */
  get #hub() {
    return this.#path === '/ws/' || this.#socket?.isHttp;
  }

  get #live() {
    return this.state.status === 'live';
  }

  /** @param {Stream} stream */
  add(stream) {
    this.#streams.set(stream.channel, stream);
    if (this.#live) stream.join();
    else if (/idle|offline/.test(this.state.status)) this.connect();
  }

  /** @param {Stream} stream */
  remove({ channel }) {
    if (!this.#streams.delete(channel)) return;
    if (this.#streams.size) this.send({ type: 'unsubscribe', channel });
    else this.#rest({ status: 'idle' });
  }

  /**
   * Deliver again from where the stream stands.
   * @param {Stream} stream
   */
  resume(stream) {
    if (this.#hub) stream.join();
    else this.#lost(ABNORMAL);
  }

  /** Open a socket now, whatever is under way. */
  async connect() {
    this.#rest({ status: 'connecting' });
    const turn = this.#turn;
    this.#await();
    try {
      const socket = await this.#open();
      if (turn === this.#turn) this.#use(socket);
      else end(socket);
    } catch (error) {
      if (turn === this.#turn) this.#lost(ABNORMAL, error);
    }
  }

  /** Look now, after a sleep or a change of network, whether the connection lives. */
  wake() {
    if (this.state.status === 'reconnecting') this.connect();
    else this.#probe();
  }

  /**
   * Send a frame, if there is a socket for it.
   * @param {object} frame
   */
  send(frame) {
    if (this.#live) this.#socket.send(JSON.stringify(frame));
    return this.#live;
  }

  // Inside

  async #open() {
    const { timing, options } = this.#client;
    const transport = options.transport ?? (this.#blocked >= BLOCKED && this.#blocked % 2 === 0 ? 'http' : '');
    const [stream] = this.#streams.values();
    if (transport !== 'http') return this.#client.socket(this.#path, this.#hub ? {} : stream.wish);
    const socket = await (await this.#client.http()).standIn(this.#client, options.transport);
    if (!options.transport) this.#timer = setTimeout(() => this.#upgrade(), timing.upgrade);
    return socket;
  }

  /** @param {any} socket */
  #use(socket) {
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (/** @type {any} */ { data }) => this.#hear(data);
    socket.onclose = (/** @type {any} */ { code, error }) => this.#lost(code, error);
    socket.onerror = () => {}; // a close follows, and says more
    if (socket.readyState === 1) this.#opened();
  }

  #opened() {
    this.#openedAt = Date.now();
    this.#error = undefined;
    this.#failures = 0;
    this.#await();
    this.#set({ status: 'live' });
    if (this.#hub) this.#streams.forEach((stream) => stream.join());
  }

  /** @param {unknown} text */
  #hear(text) {
    const frame = readFrame(text);
    if (!this.#socket.isHttp) this.#blocked = 0;
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#probe(), this.#client.timing.silence);
    if (!frame) this.#client.onError(new GatheringError('bad_answer', 'No frame.'));
    else if (frame.type === 'ping') this.#beat(frame);
    else if (frame.data?.ref) this.#streams.forEach((stream) => stream.settle(frame));
    else this.#pass(frame);
  }

  /** @param {Frame} frame */
  #beat(frame) {
    this.send({ type: 'pong' });
    this.#streams.forEach((stream) => stream.take(frame));
  }

  /** @param {Frame} frame */
  #pass(frame) {
    const stream = this.#streams.get(frame.channel ?? '');
    const error = frame.type === 'error' ? GatheringError.from(frame.data) : undefined;
    this.#error = error ?? this.#error;
    if (frame.type === 'welcome') this.actor = frame.data.actor;
    if (stream && this.#hub && error?.code === 'access_withdrawn') stream.fail(error);
    else if (stream) stream.take(frame);
    else if (frame.type !== 'pong') this.#client.onUnknown(frame);
  }

  /**
   * @param {number} code
   * @param {unknown} [error]
   */
  #lost(code, error) {
    if (!this.#openedAt || this.#socket?.isHttp) this.#blocked++;
    const said = this.#error ?? unreachable(error ?? `closed with ${code}`);
    const why = error instanceof GatheringError ? error : said;
    const todo = this.#todo(code, why);
    if (todo === 'stay_away') return this.#giveUp(why);
    const { timing } = this.#client;
    if (this.#openedAt && Date.now() - this.#openedAt > timing.patience) this.#level = 0;
    const wait = delay(timing, todo === 'back_off' ? Math.max(this.#level, MUCH) : this.#level);
    this.#level++;
    this.#rest({ status: 'reconnecting', seconds: Math.ceil(wait / 1000), at: Date.now() + wait, error: why });
    this.#timer = setTimeout(() => this.connect(), wait);
  }

  /**
   * @param {number} code
   * @param {GatheringError} why
   */
  #todo(code, why) {
    const todo = advice(code);
    const { credentials, options } = this.#client;
    if (code === TOO_LARGE) {
      const failed = [...this.#streams.values()].filter((stream) => stream.outbox.fail(why, true));
      return failed.length ? 'resume' : 'stay_away';
    }
    const ended = todo === 'renew' ? !credentials.forget() : why.code === 'not_authenticated';
    return ended || this.#failures++ >= (options.maxAttempts ?? Infinity) ? 'stay_away' : todo;
  }

  /** @param {GatheringError} error */
  #giveUp(error) {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#rest({ status: 'offline', error });
    streams.forEach((stream) => stream.fail(error));
  }

  /**
   * Let the socket go, and all that waits for it.
   * @param {State} state
   */
  #rest(state) {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    if (this.#socket) end(this.#socket);
    this.#socket = null;
    this.#openedAt = 0;
    this.#turn++;
    this.#streams.forEach((stream) => stream.left());
    this.#set(state);
  }

  #probe() {
    if (this.send({ type: 'ping' })) this.#await();
  }

  /** Something must come soon. */
  #await() {
    const silent = () => this.#lost(ABNORMAL, unreachable('no answer'));
    clearTimeout(this.#watch);
    this.#watch = setTimeout(silent, this.#client.timing.patience);
  }

  /** Look whether there is a WebSocket by now: one failure, and it is HTTP again. */
  #upgrade() {
    this.#blocked = BLOCKED - 1;
    this.connect();
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.#streams.forEach((stream) => stream.changed());
    this.#client.changed();
  }
}

/**
 * Part from a socket without waiting for its answer.
 * @param {any} socket
 */
function end(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}

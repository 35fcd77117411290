/**
 * One connection that comes back: the sockets that are opened one after the other, on behalf of the
 * streams that ride on them.
 */

import { delay } from './backoff.js';
import { ABNORMAL, TOO_LARGE, advice } from './codes.js';
import { GatheringError } from './errors.js';
import { readFrame } from './frames.js';
import { HttpSocket } from './http-socket.js';

/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./client.js').GatheringClient} GatheringClient */
/** @typedef {import('./stream.js').Stream} Stream */

const BLOCKED = 2; // sockets in a row that brought no frame: then HTTP is tried in turn
const MUCH = 4; // by so many steps a wait is longer where the server says that it has too much to do

export class Connection {
  /** @type {State} */
  state = { status: 'idle' };
  /** @type {{id: number, name: string, kind: string} | null} */
  actor = null;
  /** Attempts in a row that failed. */
  failures = 0;
  /** @type {Map<string, Stream>} */
  #streams = new Map();
  /** @type {Map<string, Stream>} By the id of the `subscribe` that is not answered. */
  #joining = new Map();
  /** @type {any} */
  #socket = null;
  #client;
  #path;
  #turn = 0;
  #level = 0;
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
    return this.#path === '/ws/' || this.#socket instanceof HttpSocket;
  }

  /** @param {Stream} stream */
  add(stream) {
    this.#streams.set(stream.channel, stream);
    if (this.state.status === 'live') this.#join(stream);
    else if (this.state.status === 'idle' || this.state.status === 'offline') this.connect();
  }

  /** @param {Stream} stream */
  remove(stream) {
    if (!this.#streams.delete(stream.channel)) return;
    if (this.#streams.size) this.send({ type: 'unsubscribe', channel: stream.channel });
    else this.close();
  }

  /**
   * Deliver again from where the stream stands.
   * @param {Stream} stream
   */
  resume(stream) {
    if (this.#hub) this.#join(stream);
    else this.#lost(ABNORMAL);
  }

  /** Open a socket now, whatever is under way. */
  async connect() {
    this.#drop();
    const turn = ++this.#turn;
    this.#expect(this.#client.timing.patience, () => this.#lost(ABNORMAL, silence()));
    this.#set({ status: 'connecting' });
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
    else if (this.state.status === 'live') this.#probe();
  }

  /**
   * Send a frame, if there is a socket for it.
   * @param {object} frame
   */
  send(frame) {
    if (this.state.status !== 'live') return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  close() {
    this.#turn++;
    this.#drop();
    this.#set({ status: 'idle' });
  }

  // Inside

  async #open() {
    const { timing, options } = this.#client;
    const transport = options.transport ?? 'auto';
    if (transport === 'http' || (transport === 'auto' && this.#blocked >= BLOCKED && this.#blocked % 2 === 0)) {
      this.#timer = setTimeout(() => this.#upgrade(), timing.upgrade);
      return new HttpSocket(this.#client);
    }
    return this.#client.socket(this.#path, this.#hub ? {} : this.#position());
  }

  /** @param {any} socket */
  #use(socket) {
    this.#socket = socket;
    const mine = (/** @type {(given: any) => void} */ act) => (/** @type {any} */ given) => {
      if (this.#socket === socket) act(given);
    };
    socket.onopen = mine(() => this.#opened());
    socket.onmessage = mine(({ data }) => this.#hear(data));
    socket.onclose = mine(({ code, error }) => this.#lost(code, error));
    socket.onerror = () => {}; // a close follows, and says more
    if (socket.readyState === 1) this.#opened();
  }

  #opened() {
    this.#openedAt = Date.now();
    this.failures = 0;
    this.#error = undefined;
    this.#expect(this.#client.timing.patience, () => this.#lost(ABNORMAL, silence()));
    this.#set({ status: 'live' });
    if (this.#hub) this.#streams.forEach((stream) => this.#join(stream));
  }

  /** @param {Stream} stream */
  #join(stream) {
    const id = this.#client.newId();
    const { seq, epoch } = stream.position;
    const since = seq === null ? {} : { since: seq, ...(epoch && { epoch }) };
    this.#joining.set(id, stream);
    this.send({ type: 'subscribe', channel: stream.channel, ...since, id });
  }

  #position() {
    const [stream] = this.#streams.values();
    const { seq, epoch } = stream.position;
    return seq === null ? {} : { since: seq, ...(epoch && { epoch }) };
  }

  /** @param {unknown} text */
  #hear(text) {
    const frame = readFrame(text);
    if (!(this.#socket instanceof HttpSocket)) this.#blocked = 0;
    this.#expect(this.#client.timing.silence, () => this.#probe());
    if (!frame) this.#client.onError(new GatheringError('bad_answer', 'That is no frame of GatheRing.'));
    else if (frame.type === 'ping') this.#beat(frame);
    else if (frame.data?.ref) this.#answer(frame);
    else this.#pass(frame);
  }

  /** @param {Frame} frame */
  #beat(frame) {
    this.send({ type: 'pong' });
    for (const stream of this.#streams.values()) {
      stream.take(frame);
      stream.outbox.beat();
    }
  }

  /** @param {Frame} frame */
  #answer(frame) {
    const { ref } = frame.data;
    const joining = this.#joining.get(ref);
    if (joining) this.#answerJoin(joining, frame);
    else if (![...this.#streams.values()].some((stream) => stream.outbox.settle(frame))) this.#pass(frame);
  }

  /**
   * @param {Stream} stream
   * @param {Frame} frame
   */
  #answerJoin(stream, { type, data }) {
    this.#joining.delete(data.ref);
    if (type !== 'error' || this.#streams.get(stream.channel) !== stream) return;
    if (!data.retryable) return stream.fail(GatheringError.from(data));
    const { timing } = this.#client;
    const turn = this.#turn;
    setTimeout(() => turn === this.#turn && this.#join(stream), timing.base + delay(timing, 1));
  }

  /** @param {Frame} frame */
  #pass(frame) {
    const stream = frame.channel && this.#streams.get(frame.channel);
    if (frame.type === 'error') this.#error = GatheringError.from(frame.data);
    if (frame.type === 'welcome') this.actor = frame.data.actor ?? this.actor;
    if (this.#error?.code === 'access_withdrawn' && stream && this.#hub) stream.fail(this.#error);
    else if (stream) stream.take(frame);
    else if (frame.type !== 'pong') this.#client.onUnknown(frame);
  }

  /**
   * @param {number} code
   * @param {unknown} [error]
   */
  #lost(code, error) {
    if (!this.#openedAt || this.#socket instanceof HttpSocket) this.#blocked++;
    this.#drop();
    const why = error instanceof GatheringError ? error : (this.#error ?? unreachable(error));
    const todo = this.#todo(code, why);
    if (todo === 'stay_away') return this.#giveUp(why);
    const { timing } = this.#client;
    const wait = delay(timing, todo === 'back_off' ? Math.max(this.#level, MUCH) : this.#level);
    this.#level++;
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#set({ status: 'reconnecting', seconds: Math.ceil(wait / 1000), at: Date.now() + wait, error: why });
  }

  /**
   * @param {number} code
   * @param {GatheringError} why
   */
  #todo(code, why) {
    const tries = this.#client.options.maxAttempts ?? Infinity;
    const todo = advice(code);
    if (code === TOO_LARGE) {
      const dropped = [...this.#streams.values()].some((stream) => stream.outbox.dropLongest());
      return dropped ? 'resume' : 'stay_away';
    }
    if (todo === 'renew' && !this.#client.credentials.forget()) return 'stay_away';
    return this.failures++ >= tries || why.code === 'not_authenticated' ? 'stay_away' : todo;
  }

  /** @param {GatheringError} error */
  #giveUp(error) {
    this.#turn++;
    this.#set({ status: 'offline', error });
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    streams.forEach((stream) => stream.fail(error));
  }

  /** Let the socket go, and all that waited for it. */
  #drop() {
    if (Date.now() - this.#openedAt > this.#client.timing.patience && this.#openedAt) this.#level = 0;
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    this.#openedAt = 0;
    this.#joining.clear();
    if (socket) end(socket);
    this.#streams.forEach((stream) => stream.left());
  }

  #probe() {
    this.send({ type: 'ping' });
    this.#expect(this.#client.timing.patience, () => this.#lost(ABNORMAL, silence()));
  }

  /**
   * Unless a frame comes within `wait` milliseconds, do what is to be done then.
   * @param {number} wait
   * @param {() => void} otherwise
   */
  #expect(wait, otherwise) {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(otherwise, wait);
  }

  /** Look whether there is a WebSocket now; if so, change over. */
  async #upgrade() {
    const turn = this.#turn;
    const socket = await this.#client.socket('/ws/', {}).catch(() => null);
    if (!socket) return;
    socket.onopen = () => {
      end(socket);
      if (turn !== this.#turn) return;
      this.#blocked = 0;
      this.connect();
    };
    socket.onerror = () => {};
    socket.onclose = () => {
      if (turn === this.#turn) this.#timer = setTimeout(() => this.#upgrade(), this.#client.timing.upgrade);
    };
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.#streams.forEach((stream) => stream.changed());
    this.#client.changed();
  }
}

/**
 * Part from a socket without waiting for its answer; one that hangs is ended where that can be.
 * @param {any} socket
 */
function end(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}

/** @param {unknown} cause */
function unreachable(cause) {
  const said = cause instanceof Error ? `: ${cause.message}` : '';
  return new GatheringError('unreachable', `The server cannot be reached${said}.`, true);
}

const silence = () => new GatheringError('unreachable', 'The server does not answer.', true);

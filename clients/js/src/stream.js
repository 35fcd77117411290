/** One stream as its user sees it: events in, each once and in order; posts out, each once. */

import { GatheringError } from './errors.js';
import { Reader } from './cursor.js';
import { insist } from './insist.js';
import { LEFT, Loop } from './loop.js';
import { Outbox } from './outbox.js';
import { Watched } from './watched.js';

/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').Position} Position */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./client.js').GatheringClient} GatheringClient */
/** @typedef {import('./types.js').Handler} Handler */
/** @typedef {import('./types.js').Opening} Opening */
/** @typedef {import('./types.js').Snapshot} Snapshot */

// Events that may wait for a slow handler.  The rest waits in the server's log, and is asked for later.
const MOST_WAITING = 2048;
const OWN = new Set(['welcome', 'error']); // about the connection, and no events

export class Stream extends Watched {
  /** @type {Map<string, Set<Handler>>} */
  #handlers = new Map();
  /** @type {Set<Loop>} */
  #loops = new Set();
  /** @type {Frame[]} */
  #queue = [];
  #pumping = false;
  #missed = false;
  #resetting = false;
  #joined = false;
  /** @type {object | null} What the last opening is known by; null while the stream is closed. */
  #opening = null;
  /** @type {GatheringError | undefined} */
  #error;
  /** @type {Snapshot | undefined} */
  #snapshot;
  /** @type {Reader} */
  #reader;
  /** @type {Position | null} */
  #cursor = null;

  /**
   * Made by the client: `client.circle(name)` and its like.
   * @param {GatheringClient} client
   * @param {string} kind
   * @param {string} key
   */
  constructor(client, kind, key) {
    super();
    this.client = client;
    this.kind = kind;
    this.key = key;
    this.channel = `${kind}.${key}`;
    this.connection = client.connectionOf(this);
    this.joinId = client.newId();
    this.#reader = new Reader(this.channel);
    this.outbox = new Outbox(client.timing, ({ type, ...fields }) => this.#send(type, fields));
  }

  /** After which event it stands: all up to there are handled.  Null before it was ever welcomed. */
  get cursor() {
    return this.#cursor;
  }

  /** Who you are, as the server says; known once the stream is live. */
  get actor() {
    return this.connection.actor;
  }

  /**
   * @override
   * @returns {State}
   */
  get state() {
    const { state } = this.connection;
    if (this.#error) return { status: 'offline', error: this.#error };
    if (!this.#opening) return { status: 'idle' };
    if (state.status === 'live' && !this.#joined) return { status: 'connecting' };
    const behind = this.#reader.head - (this.#reader.seq ?? 0);
    const late = state.status === 'live' && (behind > 0 || this.#resetting);
    return late ? { status: 'catching_up', behind } : state;
  }

  /** What it asks of the server: all after what was received, if not yet handled. */
  get wish() {
    const { seq, epoch } = this.#reader;
    return seq === null ? {} : { since: seq, ...(epoch && { epoch }) };
  }

  /**
   * Call `handler` for each event of a type, in order; one that returns a promise is waited for.  `'*'`
   * stands for every event; `welcome` and `error`, which are no events, have to be named.  A handler that throws has had its event: the error goes to
   * `onError` of the client, and the stream goes on.  Events wait until there is a first handler or loop.
   * @param {string} type
   * @param {Handler} handler
   * @returns {() => void} What takes it away again.
   */
  on(type, handler) {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
    this.#pump();
    return () => {
      handlers.delete(handler);
      if (!handlers.size) this.#handlers.delete(type);
    };
  }

  /**
   * Follow the stream.  Opening what is open already does nothing, unless it names another `since`.
   * @param {Opening} [opening]
   */
  open({ since, epoch, snapshot } = {}) {
    this.#snapshot = snapshot ?? this.#snapshot;
    if (!this.#opening || since !== undefined) {
      this.#stop();
      this.#error = undefined;
      this.#begin((this.#opening = {}), typeof since === 'number' ? { seq: since, epoch } : since);
    }
    return this;
  }

  /**
   * The events, for `for await`.  An event is handled when the next one is asked for; then the cursor is
   * stored.  A loop that is left in the middle (`break`, an exception) goes on after that event if it is
   * begun again, but the event is not stored as handled: a new process gets it once more.
   * Throws a GatheringError where the stream ends for good; `close` ends the loop.
   * @param {Opening} [opening]
   * @returns {AsyncGenerator<Frame, void, void>}
   */
  async *events({ signal, ...opening } = {}) {
    const loop = new Loop();
    const stop = () => loop.end();
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    else this.open(opening);
    this.#loops.add(loop);
    const off = this.on('*', (frame) => loop.offer(frame));
    try {
      yield* loop.frames();
    } finally {
      off();
      this.#loops.delete(loop);
      signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * Ask for something, and again until it is answered.  It is done once, however often it is sent, since
   * it carries an `id`: yours, if you want to ask again after a restart.
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @param {{id?: string, signal?: AbortSignal}} [options]
   * @returns {Promise<{ref: string, seq: number | null}>}
   * @throws {GatheringError} What is not to be retried.
   */
  ask(type, fields, { id = this.client.newId(), signal } = {}) {
    this.open();
    return this.outbox.put(id, { type, ...fields }, signal);
  }

  /**
   * Say something that may be lost.  Returns whether it was sent.
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   */
  tell(type, fields) {
    return this.#joined && this.#send(type, fields);
  }

  /**
   * The state of what this is the stream of, and the `seq` and `epoch` at which it is that.
   * @returns {Promise<any>}
   */
  snapshot() {
    return this.client.request(`/api/${this.kind}/${this.key}/`);
  }

  /** Follow no more: loops end, and what is not answered is rejected.  It may be opened again. */
  close() {
    this.#end(new GatheringError('closed', 'Closed.'));
  }

  // What the connection calls

  /** The connection is gone; another will come, or not. */
  left() {
    this.#joined = false;
    this.outbox.shut();
  }

  /**
   * It ends for good.
   * @param {GatheringError} error
   */
  fail(error) {
    this.#error = error;
    this.#end(error);
  }

  /** Ask the connection for all that it has not received. */
  join() {
    this.#send('subscribe', { ...this.wish, id: this.joinId });
  }

  /** @param {Frame} frame An answer: to the `subscribe`, or to something in the outbox. */
  settle(frame) {
    const { ref, retryable } = frame.data;
    if (ref !== this.joinId) return this.outbox.settle(frame);
    if (frame.type !== 'error') return;
    if (!retryable) return this.fail(GatheringError.from(frame.data));
    const opening = this.#opening;
    setTimeout(() => opening === this.#opening && !this.#joined && this.join(), this.client.timing.base);
  }

  /** @param {Frame} frame */
  take(frame) {
    if (!this.#joined && frame.type !== 'welcome' && frame.type !== 'error') return;
    if (frame.seq && (this.#missed ||= this.#full)) return;
    if (frame.type === 'ping') this.outbox.beat();
    const verdict = this.#reader.take(frame);
    if (verdict === 'gap' || (verdict === 'deaf' && !this.#missed)) this.#resume();
    if (verdict === 'welcome') this.#beWelcome();
    if (verdict === 'welcome' || verdict === 'other') this.#call(frame);
    if (verdict === 'next' || verdict === 'reset' || (verdict === 'ephemeral' && !this.#full)) this.#put(frame);
    this.changed();
  }

  /** @override */
  changed() {
    super.changed();
    this.client.changed();
  }

  // Inside

  get #full() {
    return this.#queue.length >= MOST_WAITING;
  }

  /**
   * @param {unknown} type
   * @param {Record<string, unknown>} [fields]
   */
  #send(type, fields) {
    return this.connection.send({ type, ...fields, channel: this.channel });
  }

  /**
   * @param {object} opening
   * @param {Position | undefined} asked
   */
  async #begin(opening, asked) {
    const known = asked ?? this.#cursor ?? (await this.client.guard(() => this.client.store.load(this.channel)));
    const start = known ?? (await this.#fetch(opening, null));
    if (opening !== this.#opening) return;
    this.#reader = new Reader(this.channel, start?.seq, start?.epoch);
    this.#cursor = start;
    this.connection.add(this);
    this.changed();
  }

  #stop() {
    this.#opening = null;
    this.connection.remove(this);
    this.left();
    this.#queue = [];
    this.#missed = this.#resetting = false;
  }

  /** @param {GatheringError} error */
  #end(error) {
    this.#stop();
    this.outbox.fail(error);
    this.#loops.forEach((loop) => loop.end(this.#error));
    this.changed();
  }

  /** Something is missing: ask for all after what was received. */
  #resume() {
    this.left();
    this.connection.resume(this);
  }

  #beWelcome() {
    const { seq, epoch } = this.#reader;
    const first = !this.#cursor;
    this.#joined = true;
    if (seq !== null && !this.#queue.length) this.#cursor = { seq, epoch };
    if (first) this.#save();
    this.outbox.open();
  }

  /** @param {Frame} frame */
  #put(frame) {
    this.#queue.push(frame);
    this.#pump();
  }

  async #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length && this.#handlers.size) {
      const frame = /** @type {Frame} */ (this.#queue.shift());
      if (frame.type === 'reset') await this.#restart(frame);
      const waits = this.#deliver(frame);
      if (waits) await waits;
    }
    this.#pumping = false;
    if (this.#missed && this.#opening && !this.#queue.length) {
      this.#missed = false;
      this.#resume();
    }
  }

  /**
   * A reset in the order of events: what the snapshot holds already is not handled again.
   * @param {Frame} frame
   */
  async #restart(frame) {
    const { head, epoch } = frame.data;
    this.#resetting = true;
    this.#cursor = (await this.#fetch(this.#opening, frame)) ?? { seq: head, epoch };
    this.#resetting = false;
    this.changed();
  }

  /**
   * Where the snapshot stands, if there is to be one.
   * @param {object | null} opening
   * @param {Frame | null} reset
   * @returns {Promise<Position | null>}
   */
  async #fetch(opening, reset) {
    const snapshot = this.#snapshot;
    if (!snapshot) return null;
    const wanted = () => opening === this.#opening;
    try {
      const found = await insist(this.client, () => snapshot(this, reset), wanted);
      return found && { seq: found.seq, epoch: found.epoch };
    } catch (error) {
      this.fail(/** @type {GatheringError} */ (error));
      return null;
    }
  }

  /**
   * @param {Frame} frame
   * @returns {Promise<unknown> | void}
   */
  #deliver(frame) {
    if (frame.seq && this.#cursor && frame.seq <= this.#cursor.seq) return;
    const opening = this.#opening;
    const waits = this.#call(frame);
    if (!waits.length) return this.#handled(opening, frame);
    return Promise.all(waits).then((done) => this.#handled(opening, frame, done.includes(LEFT)));
  }

  /**
   * @param {Frame} frame
   * @returns {Promise<unknown>[]}
   */
  #call(frame) {
    const of = (/** @type {string} */ type) => [...(this.#handlers.get(type) ?? [])];
    const called = [...of(frame.type), ...(OWN.has(frame.type) ? [] : of('*'))];
    if (!called.length && frame.type !== 'welcome') this.client.onUnknown(frame);
    return called.map((handler) => this.client.guard(handler, frame)).filter((result) => result?.then);
  }

  /**
   * The position moves on after what was handled, unless the stream was opened elsewhere meanwhile.
   * @param {object | null} opening
   * @param {Frame} frame
   * @param {boolean} [left] Whether a loop was left at it.
   * @returns {Promise<unknown> | void}
   */
  #handled(opening, frame, left) {
    if (this.#opening && opening !== this.#opening) return;
    // Not the reader's epoch: that may be of a reset further back in the queue.
    if (frame.seq) this.#cursor = { seq: frame.seq, epoch: this.#cursor?.epoch };
    if (!left && (frame.seq || frame.type === 'reset')) return this.#save();
  }

  #save() {
    const position = this.#cursor;
    return this.client.guard(() => position && this.client.store.save(this.channel, position));
  }
}

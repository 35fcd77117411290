/** One stream as its user sees it: events in, each once and in order; posts out, each once. */

import { delay } from './backoff.js';
import { GatheringError } from './errors.js';
import { Reader } from './cursor.js';
import { Listeners } from './listeners.js';
import { Outbox } from './outbox.js';
import { Seat } from './seat.js';

/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').Position} Position */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./client.js').GatheringClient} GatheringClient */
/** @typedef {import('./connection.js').Connection} Connection */

/**
 * @typedef {(frame: Frame) => unknown} Handler One that returns a promise is waited for.
 * @typedef {(stream: Stream, reset: Frame | null) => {seq: number, epoch?: string} | Promise<{seq: number, epoch?: string}>} Snapshot
 * @typedef {object} Opening
 * @property {number | Position} [since] Begin after this; by default where the store says, else now.
 * @property {string} [epoch] The history that `since` is of.
 * @property {Snapshot} [snapshot] Gets the state anew, at the start and after a `reset`: all before the
 *   `seq` that it returns is in it.  It is tried until it succeeds.
 * @property {AbortSignal} [signal] Ends the loop.
 */

// Events that may wait for a slow handler.  The rest waits in the server's log, and is asked for later.
const MOST_WAITING = 2048;
const OFTEN = 100; // milliseconds between two notices that differ only in how much is missing

export class Stream {
  /** @type {Listeners<Handler>} */
  #handlers = new Listeners();
  /** @type {Set<(state: State) => unknown>} */
  #watchers = new Set();
  /** @type {Set<Seat>} */
  #seats = new Set();
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
  /** @type {State} */
  #said = { status: 'idle' };
  #saidAt = 0;

  /**
   * Made by the client: `client.circle(name)` and its like.
   * @param {GatheringClient} client
   * @param {Connection} connection
   * @param {string} kind
   * @param {string} key
   */
  constructor(client, connection, kind, key) {
    this.client = client;
    this.kind = kind;
    this.key = key;
    this.channel = `${kind}.${key}`;
    this.#reader = new Reader(this.channel);
    this.connection = connection;
    this.outbox = new Outbox(client.timing, (frame) => connection.send({ ...frame, channel: this.channel }));
  }

  /** After which event it stands: all up to there are handled.  Null before it was ever welcomed. */
  get cursor() {
    return this.#cursor;
  }

  /** Who you are, as the server says; known once the stream is live. */
  get actor() {
    return this.connection.actor;
  }

  /** @returns {State} */
  get state() {
    if (this.#error) return { status: 'offline', error: this.#error };
    if (!this.#opening) return { status: 'idle' };
    const line = this.connection.state;
    if (line.status !== 'live') return line;
    if (!this.#joined) return { status: 'connecting' };
    const behind = this.#reader.head - (this.#reader.seq ?? 0);
    return behind > 0 || this.#resetting ? { status: 'catching_up', behind } : { status: 'live' };
  }

  /** Where to resume from: after what was received, if not yet handled. */
  get position() {
    return { seq: this.#reader.seq, epoch: this.#reader.epoch };
  }

  /**
   * Call `handler` for each event of a type, in order; one that returns a promise is waited for.  `'*'`
   * stands for every event, `'default'` for those that have no handler of their own.  Besides events
   * there are `welcome`, `reset` and `error`.  A handler that throws has had its event: the error goes to
   * `onError` of the client, and the stream goes on.  Events wait until there is a first handler or loop.
   * @param {string} type
   * @param {Handler} handler
   * @returns {() => void} What takes it away again.
   */
  on(type, handler) {
    const off = this.#handlers.add(type, handler);
    this.#pump();
    return off;
  }

  /**
   * Hear of each change of `state`; called with the present one at once.
   * @param {(state: State) => unknown} watcher
   */
  watch(watcher) {
    watcher(this.state);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
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
      const asked = typeof since === 'number' ? { seq: since, epoch } : since;
      this.#begin((this.#opening = {}), asked);
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
  async *events(opening = {}) {
    const seat = new Seat();
    const end = () => seat.end();
    opening.signal?.addEventListener('abort', end);
    if (opening.signal?.aborted) end();
    this.open(opening);
    this.#seats.add(seat);
    try {
      this.#pump();
      for (let frame; (frame = await seat.next()); ) yield frame;
    } finally {
      this.#seats.delete(seat);
      opening.signal?.removeEventListener('abort', end);
      end();
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
    return this.#joined && this.connection.send({ type, ...fields, channel: this.channel });
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
    const open = this.#opening;
    this.#stop();
    this.#opening = null;
    if (open) this.#end(new GatheringError('closed', 'The stream was closed.'));
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
    this.#stop();
    this.#opening = null;
    this.#error = error;
    this.#end(error, error);
  }

  /** @param {Frame} frame */
  take(frame) {
    if (!this.#joined && frame.type !== 'welcome' && frame.type !== 'error') return;
    if (frame.seq && (this.#missed ||= this.#full)) return;
    const verdict = this.#reader.take(frame);
    if (verdict === 'gap' || (verdict === 'deaf' && !this.#missed)) this.#resume();
    else if (verdict === 'welcome') this.#beWelcome(frame);
    else if (verdict === 'other') this.#call(frame);
    else if (verdict === 'next' || verdict === 'reset' || (verdict === 'ephemeral' && !this.#full)) this.#put(frame);
    this.changed();
  }

  /** Tell the watchers if the state is another than they know. */
  changed() {
    const { state } = this;
    const same = state.status === this.#said.status && state.at === this.#said.at;
    const { behind } = this.#said;
    if (same && (state.behind === behind || Date.now() - this.#saidAt < OFTEN)) return;
    this.#said = state;
    this.#saidAt = Date.now();
    this.#watchers.forEach((watcher) => this.client.guard(watcher, state));
    this.client.changed();
  }

  // Inside

  get #full() {
    return this.#queue.length >= MOST_WAITING;
  }

  /**
   * @param {object} opening
   * @param {Position | undefined} asked
   */
  async #begin(opening, asked) {
    const position = asked ?? this.#cursor ?? (await this.#stored());
    const start = position ?? (this.#snapshot ? await this.#fetch(opening, null) : null);
    if (opening !== this.#opening) return;
    this.#reader = new Reader(this.channel, start?.seq, start?.epoch);
    this.#cursor = start;
    this.connection.add(this);
    this.changed();
  }

  async #stored() {
    try {
      return await this.client.store.load(this.channel);
    } catch (error) {
      this.client.onError(error);
    }
  }

  #stop() {
    this.connection.remove(this);
    this.left();
    this.#queue = [];
    this.#missed = this.#resetting = false;
  }

  /**
   * @param {GatheringError} refusal
   * @param {GatheringError} [thrown]
   */
  #end(refusal, thrown) {
    this.outbox.fail(refusal);
    this.#seats.forEach((seat) => seat.end(thrown));
    this.changed();
  }

  /** Something is missing: ask for all after what was received. */
  #resume() {
    this.left();
    this.connection.resume(this);
  }

  /** @param {Frame} frame */
  #beWelcome(frame) {
    this.#joined = true;
    const { seq, epoch } = this.#reader;
    if (seq !== null && !this.#queue.length) {
      const first = !this.#cursor;
      this.#cursor = { seq, epoch };
      if (first) this.#save();
    }
    this.outbox.open();
    this.#call(frame);
  }

  /** @param {Frame} frame */
  #put(frame) {
    this.#resetting ||= frame.type === 'reset';
    this.#queue.push(frame);
    this.#pump();
  }

  async #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length && this.#handlers.size + this.#seats.size) {
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
    const snapshot = this.#snapshot && (await this.#fetch(this.#opening, frame));
    this.#cursor = snapshot ?? { seq: head, epoch };
    this.#resetting = this.#queue.some(({ type }) => type === 'reset');
    this.changed();
  }

  /**
   * @param {object | null} opening
   * @param {Frame | null} reset
   * @returns {Promise<Position | null>}
   */
  async #fetch(opening, reset) {
    for (let tries = 0; this.#snapshot && opening === this.#opening; tries++) {
      try {
        const { seq, epoch } = await this.#snapshot(this, reset);
        return { seq, epoch };
      } catch (error) {
        if (error instanceof GatheringError && !error.retryable) this.fail(error);
        else this.client.onError(error);
      }
      await new Promise((resolve) => setTimeout(resolve, delay(this.client.timing, tries)));
    }
    return null;
  }

  /**
   * @param {Frame} frame
   * @returns {Promise<unknown> | void}
   */
  #deliver(frame) {
    if (frame.seq && this.#cursor && frame.seq <= this.#cursor.seq) return;
    const opening = this.#opening;
    const waits = this.#call(frame);
    this.#seats.forEach((seat) => waits.push(seat.offer(frame)));
    if (!waits.length) return this.#handled(opening, frame);
    return Promise.all(waits).then((done) => this.#handled(opening, frame, !done.includes(false)));
  }

  /**
   * @param {Frame} frame
   * @returns {Promise<unknown>[]}
   */
  #call(frame) {
    const mine = [...this.#handlers.of(frame.type), ...this.#handlers.of('*')];
    const called = mine.length ? mine : this.#handlers.of('default');
    if (!called.length && !this.#seats.size && frame.type !== 'welcome') this.client.onUnknown(frame);
    return called.map((handler) => this.client.guard(handler, frame)).filter((wait) => !!wait);
  }

  /**
   * The position moves on after what was handled, unless the stream was opened elsewhere meanwhile.
   * @param {object | null} opening
   * @param {Frame} frame
   * @param {boolean} [stored]
   * @returns {Promise<unknown> | void}
   */
  #handled(opening, frame, stored = true) {
    if (this.#opening && opening !== this.#opening) return;
    // Not the reader's epoch: that may be of a reset further back in the queue.
    if (frame.seq) this.#cursor = { seq: frame.seq, epoch: this.#cursor?.epoch };
    if (stored && (frame.seq || frame.type === 'reset')) return this.#save();
  }

  #save() {
    const position = /** @type {Position} */ (this.#cursor);
    return this.client.guard(() => this.client.store.save(this.channel, position));
  }
}

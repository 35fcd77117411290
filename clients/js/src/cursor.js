/**
 * The position of a reader in a stream: a pure state machine, the same in every client.
 *
 * Events carry `seq` 1, 2, 3, … without a gap, so a reader that holds the last one it took can tell by
 * itself whether anything is missing.
 */

/** @typedef {import('./types.js').Frame} Frame */

/**
 * What a frame is to a reader: `next` and `ephemeral` are to be handled, `old` is dropped, after `gap` and
 * `deaf` the reader must resume from its cursor, `reset` says that it cannot; `other` is not about events.
 * @typedef {'next' | 'ephemeral' | 'old' | 'gap' | 'welcome' | 'reset' | 'beat' | 'deaf' | 'other'} Verdict
 */

const CONTROL = new Set(['pong', 'ack', 'error']);

/**
 * What an arriving `seq` is to a reader whose last event is `cursor`.
 * @param {number} cursor
 * @param {number} seq
 * @returns {'old' | 'next' | 'gap'}
 */
export function judge(cursor, seq) {
  if (seq <= cursor) return 'old';
  return seq === cursor + 1 ? 'next' : 'gap';
}

/** Follows one channel; `seq` null is a reader that has asked for no position yet. */
export class Reader {
  /** The highest seq that is known to exist. */
  head = 0;
  /** The head that the last ping named. */
  #told = 0;
  /** @type {number | null} Where it stood at the last ping. */
  #stood = null;

  /**
   * @param {string} channel
   * @param {number | null} [seq]
   * @param {string | null} [epoch]
   */
  constructor(channel, seq = null, epoch = null) {
    this.channel = channel;
    this.seq = seq;
    this.epoch = epoch;
  }

  /** Whether the last ping named a head that is not reached. */
  get behind() {
    return this.seq !== null && this.#told > this.seq;
  }

  /**
   * Take one frame of the socket, and say what it is.
   * @param {Frame} frame
   * @returns {Verdict}
   */
  take(frame) {
    if (frame.type === 'ping') return this.#hear(frame.data ?? {});
    if (CONTROL.has(frame.type) || frame.channel !== this.channel) return 'other';
    if (frame.type === 'welcome') return this.#beWelcome(frame.data);
    if (frame.type === 'reset') return this.#beReset(frame.data);
    return frame.seq == null ? 'ephemeral' : this.#judge(frame.seq);
  }

  /** @param {number} seq */
  #judge(seq) {
    const verdict = this.seq === null ? 'next' : judge(this.seq, seq);
    if (verdict === 'next') this.seq = seq;
    this.head = Math.max(this.head, seq);
    return verdict;
  }

  /**
   * Without a position, the reader begins at the head; one that asked for everything begins at the floor.
   * @param {any} data
   * @returns {Verdict}
   */
  #beWelcome({ epoch, head, floor, resumed }) {
    if (this.seq === null || resumed) {
      this.seq = this.seq === null ? head : Math.max(this.seq, floor);
      this.epoch = epoch;
    }
    this.head = head;
    this.#told = 0;
    return 'welcome';
  }

  /**
   * @param {any} data
   * @returns {Verdict}
   */
  #beReset({ epoch, head }) {
    this.seq = this.head = head;
    this.epoch = epoch;
    this.#told = 0;
    return 'reset';
  }

  /**
   * A head above the cursor is a loss only if nothing has come of it by the next beat: the events may be
   * under way.
   * @param {any} data
   * @returns {Verdict}
   */
  #hear({ head, heads }) {
    const deaf = this.behind && this.seq === this.#stood;
    this.#told = Math.max(this.#told, (heads ? heads[this.channel] : head) ?? 0);
    this.#stood = this.seq;
    this.head = Math.max(this.head, this.#told);
    return deaf ? 'deaf' : 'beat';
  }
}

/**
 * Where WebSocket is blocked: what the socket at `/ws/` does, done by HTTP.
 *
 * It looks like a WebSocket and speaks the same frames, so that nothing else need know.  Streams come as
 * Server-Sent Events, one request for each (a browser has six for a server under HTTP/1.1); posts go by
 * REST; what is ephemeral and has no address in REST is not sent.
 */

import { ABNORMAL, NOT_AUTHENTICATED, RESTARTING, TOKEN_EXPIRED } from './codes.js';
import { GatheringError } from './errors.js';
import { request, respond } from './rest.js';
import { readEvents } from './sse.js';

/** @typedef {import('./client.js').GatheringClient} GatheringClient */
/** @typedef {{type: string, channel: string, id?: string, [field: string]: any}} Command */

/** @type {Record<string, string>} */
const PLACES = { agent_status: 'status', agent_activity: 'activity', message_delta: 'drafts' };
const KEEPALIVE = 16_000; // milliseconds: the server comments on its silence every 15 s

/** @type {Record<string, number>} */
const CLOSES = { token_expired: TOKEN_EXPIRED, not_authenticated: NOT_AUTHENTICATED, unavailable: RESTARTING };

export class HttpSocket {
  isHttp = true;
  readyState = 1;
  onopen = null;
  onerror = null;
  /** @type {((message: {data: string}) => void) | null} */
  onmessage = null;
  /** @type {((end: {code: number, error?: unknown}) => void) | null} */
  onclose = null;
  /** @type {Map<string, AbortController>} */
  #followed = new Map();
  #heardAt = Date.now();
  #done = Promise.resolve(); // what is sent is done in its order, as on a socket
  #client;

  /** @param {GatheringClient} client */
  constructor(client) {
    this.#client = client;
  }

  /** @param {string} text */
  send(text) {
    const command = JSON.parse(text);
    if (command.type === 'subscribe') this.#follow(command);
    else if (command.type === 'unsubscribe') this.#leave(command.channel);
    else if (command.type === 'ping') this.#answer();
    else if (command.type !== 'pong' && command.type !== 'refresh') {
      this.#done = this.#done.then(() => this.#do(command));
    }
  }

  close() {
    [...this.#followed.keys()].forEach((channel) => this.#leave(channel));
  }

  /** @param {string} channel */
  #leave(channel) {
    this.#followed.get(channel)?.abort();
    this.#followed.delete(channel);
  }

  #answer() {
    if (Date.now() - this.#heardAt < KEEPALIVE) this.#say('pong', {});
    else this.#end(ABNORMAL);
  }

  /** @param {Command} command */
  async #follow({ channel, since, epoch, id }) {
    this.#leave(channel);
    const abort = new AbortController();
    this.#followed.set(channel, abort);
    try {
      const from = await this.#welcome(channel, since, epoch, abort.signal);
      this.#say('ack', { ref: id, seq: null }, channel);
      await this.#listen(channel, from, abort.signal);
      if (!abort.signal.aborted) this.#end(ABNORMAL);
    } catch (error) {
      if (!abort.signal.aborted) this.#refuse(error, channel, id);
    }
  }

  /**
   * Ask where the stream stands, and say it as the socket would.  Returns where the events begin.
   * @param {string} channel
   * @param {number | undefined} since
   * @param {string | undefined} epoch
   * @param {AbortSignal} signal
   */
  async #welcome(channel, since, epoch, signal) {
    const ticket = await this.#client.credentials.query();
    const page = await request(this.#client, address(channel, { limit: 1, since, epoch, ...ticket }), { signal });
    const position = { epoch: page.epoch, head: page.head, floor: page.floor };
    const resumed = since !== undefined && !page.reset;
    this.#say('welcome', { channel, ...position, actor: null, resumed }, channel);
    if (page.reset) this.#say('reset', { reason: page.reset, ...position }, channel);
    return { since: resumed ? since : page.head, epoch: page.epoch };
  }

  /**
   * @param {string} channel
   * @param {Record<string, any>} from
   * @param {AbortSignal} signal
   */
  async #listen(channel, from, signal) {
    const headers = { Accept: 'text/event-stream' };
    const ticket = await this.#client.credentials.query();
    const response = await respond(this.#client, address(channel, { ...from, ...ticket }), { headers, signal });
    for await (const event of readEvents(response)) {
      this.#heardAt = Date.now();
      const frame = event && JSON.parse(event.data);
      if (event?.type === 'error') throw GatheringError.from(frame.data);
      if (frame) this.#hand(frame);
      else this.#say('pong', {});
    }
  }

  /**
   * @param {unknown} error
   * @param {string} channel
   * @param {string | undefined} ref
   */
  #refuse(error, channel, ref) {
    const { code, message, retryable } = /** @type {GatheringError} */ (error);
    if (code in CLOSES || retryable !== false) this.#end(CLOSES[code] ?? ABNORMAL, error);
    else this.#say('error', { code, detail: message, retryable, ref }, channel);
  }

  /** @param {Command} command */
  async #do({ type, channel, id, ...fields }) {
    try {
      const target = addressOf(type, channel);
      if (!target) throw new GatheringError('unknown_type', `'${type}' can be sent by WebSocket alone.`);
      const body = fields.data ?? fields;
      const done = await request(this.#client, target, { method: 'POST', body, id });
      this.#say('ack', { ref: id, seq: done?.seq ?? null }, channel);
    } catch (error) {
      const { code, message, retryable } = /** @type {GatheringError} */ (error);
      if (id) this.#say('error', { code, detail: message, retryable, ref: id }, channel);
    }
  }

  /**
   * @param {string} type
   * @param {object} data
   * @param {string} [channel]
   */
  #say(type, data, channel) {
    this.#hand({ type, data, channel });
  }

  /** @param {object} frame */
  #hand(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /**
   * @param {number} code
   * @param {unknown} [error]
   */
  #end(code, error) {
    this.close();
    this.onclose?.({ code, error });
  }
}

/**
 * @param {string} channel
 * @param {Record<string, any>} query What is undefined or null is left out.
 */
function address(channel, query) {
  const asked = Object.entries(query).filter(([, value]) => value != null);
  return `/api/streams/${channel}/events?${new URLSearchParams(asked)}`;
}

/**
 * Where REST takes what a frame asks.
 * @param {string} type
 * @param {string} channel
 */
function addressOf(type, channel) {
  const named = /^(user_|agent_)?message$/.test(type) ? 'messages' : PLACES[type];
  return named && `/api/${channel.replace('.', '/')}/${named}/`;
}

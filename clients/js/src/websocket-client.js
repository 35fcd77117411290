/** The client of the project's founding document, with its exact surface; it resumes where that began anew. */

import { GatheringClient } from './client.js';

/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').Options} Options */
/** @typedef {(data: any) => void} OnData */
/** @typedef {import('./stream.js').Stream} Stream */

const QUIET = ['welcome', 'reset', 'error'];

/**
 * One stream at its own address.  Set a handler `on…` for each type that you want, and `connect()`.
 * A type without one goes to `onUnknown`, as the whole message.
 */
export class WebSocketClient {
  /** After so many attempts in a row that failed it gives up; set it before `connect()`. */
  maxReconnectAttempts = 5;
  /** @type {OnData | undefined} */ onAgentMessage;
  /** @type {OnData | undefined} */ onUserMessage;
  /** @type {OnData | undefined} */ onMessageDelta;
  /** @type {OnData | undefined} */ onTyping;
  /** @type {OnData | undefined} */ onPresence;
  /** @type {OnData | undefined} */ onAgentJoined;
  /** @type {OnData | undefined} */ onAgentLeft;
  /** @type {OnData | undefined} */ onMemberJoined;
  /** @type {OnData | undefined} */ onMemberLeft;
  /** @type {OnData | undefined} */ onCircleStatus;
  /** @type {OnData | undefined} */ onFileCreated;
  /** @type {OnData | undefined} */ onFileChanged;
  /** @type {OnData | undefined} */ onFileDeleted;
  /** @type {OnData | undefined} */ onFileMoved;
  /** @type {OnData | undefined} */ onFilesChanged;
  /** @type {OnData | undefined} */ onGitStatus;
  /** @type {OnData | undefined} */ onGitCommit;
  /** @type {OnData | undefined} */ onAgentStatus;
  /** @type {OnData | undefined} */ onAgentActivity;
  /** @type {OnData | undefined} */ onWelcome;
  /** @type {OnData | undefined} */ onReset;
  /** @type {OnData | undefined} */ onError;
  /** @type {((message: Frame) => void) | undefined} */ onUnknown;
  /** @type {Stream | undefined} */
  #stream;
  #url;
  #options;

  /**
   * @param {string} url As in `ws://localhost:8000/ws/circles/dev-team?token=…`
   * @param {Options} [options]
   */
  constructor(url, options) {
    this.#url = new URL(url);
    this.#options = options;
  }

  /** Attempts in a row that failed. */
  get reconnectAttempts() {
    return this.#stream?.connection.failures ?? 0;
  }

  connect() {
    this.#stream ??= this.#make();
    this.#stream.open();
  }

  /** @param {any} message It goes out if the socket is open. */
  send(message) {
    this.#stream?.connection.send(message);
  }

  disconnect() {
    this.#stream?.client.close();
    this.#stream = undefined;
  }

  #make() {
    const [, kind, key] = /\/ws\/([a-z]+)\/([^/]+)\/?$/.exec(this.#url.pathname) ?? [];
    const token = this.#url.searchParams.get('token') ?? undefined;
    const client = new GatheringClient({
      url: this.#url.origin,
      token,
      shared: false,
      maxAttempts: this.maxReconnectAttempts,
      onUnknown: () => {},
      ...this.#options,
    });
    const stream = client.stream(`${kind === 'workspace' ? 'workspaces' : kind}.${key}`);
    stream.on('*', (message) => this.#hand(message));
    return stream;
  }

  /** @param {Frame} message */
  #hand(message) {
    const name = message.type.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase());
    const handler = /** @type {any} */ (this)[`on${name}`];
    if (handler) handler.call(this, message.data);
    else if (!QUIET.includes(message.type)) this.onUnknown?.(message);
  }
}

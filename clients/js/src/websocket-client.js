/** The client of the project's founding document, with its exact surface; it resumes where that began anew. */

import { GatheringClient } from './client.js';

/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').Options} Options */
/** @typedef {import('./stream.js').Stream} Stream */

class DocumentClient {
  /** After so many attempts in a row that failed it gives up; set it before `connect()`. */
  maxReconnectAttempts = 5;
  /** @type {((state: import('./types.js').State) => void) | undefined} */
  onState;
  /** @type {Stream | undefined} */
  #stream;
  #url;
  #options;

  /**
   * @param {string} url As in `ws://localhost:8000/ws/circles/dev-team?token=…`
   * @param {Options} [options]
   */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
  }

  connect() {
    this.#stream ??= this.#make();
    this.#stream.open();
  }

  /** @param {any} message It goes out if the socket is open. */
  send(message) {
    this.#stream?.connection.send({ channel: this.#stream.channel, ...message });
  }

  disconnect() {
    this.#stream?.client.close();
    this.#stream = undefined;
  }

  #make() {
    const { origin, pathname, searchParams } = new URL(this.#url);
    const [kind, key] = pathname.split('/').slice(2);
    const client = new GatheringClient({
      url: origin,
      token: searchParams.get('token') ?? undefined,
      shared: false,
      maxAttempts: this.maxReconnectAttempts,
      timing: { base: 2000 }, // 1 s on average, as in the document: five attempts outlast a restart
      onUnknown: (message) => this.#hand(message),
      ...this.#options,
    });
    const stream = client.stream(`${kind === 'workspace' ? 'workspaces' : kind}.${key}`);
    ['*', 'welcome', 'error'].forEach((type) => stream.on(type, (message) => this.#hand(message)));
    stream.watch((state) => this.onState?.(state));
    return stream;
  }

  /** @param {Frame} message */
  #hand(message) {
    const name = message.type.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase());
    const /** @type {any} */ handlers = this;
    if (handlers[`on${name}`]) handlers[`on${name}`](message.data);
    else handlers.onUnknown?.(message);
  }
}

/**
 * @typedef {(data: any) => void} OnData
 * @typedef {'UserMessage' | 'AgentMessage' | 'MessageDelta' | 'Typing' | 'Presence'} OfCircles
 * @typedef {'AgentJoined' | 'AgentLeft' | 'MemberJoined' | 'MemberLeft' | 'CircleStatus'} OfMembers
 * @typedef {'FileCreated' | 'FileChanged' | 'FileDeleted' | 'FileMoved' | 'FilesChanged' | 'FileConflict'} OfFiles
 * @typedef {'GitStatus' | 'GitCommit' | 'AgentStatus' | 'AgentActivity' | 'Welcome' | 'Reset' | 'Error'} OfOthers
 * @typedef {Partial<Record<`on${OfCircles | OfMembers | OfFiles | OfOthers}`, OnData>>} Handlers
 * @typedef {DocumentClient & Handlers & {onUnknown?: (message: Frame) => void}} WebSocketClient
 */

/**
 * One stream at its own address.  Set a handler `on…` for each type that you want, and `connect()`.
 * A type without one goes to `onUnknown`, as the whole message.
 */
export const WebSocketClient = /** @type {new (url: string, options?: Options) => WebSocketClient} */ (DocumentClient);

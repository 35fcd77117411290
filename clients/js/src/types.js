/**
 * The shapes that travel; docs/protocol.md of the server is their reference.
 *
 * @typedef {object} Frame What one message of the server says.
 * @property {string} type
 * @property {any} data
 * @property {string} [timestamp] When it was recorded: UTC, ISO 8601.
 * @property {string} [channel] The stream that it is about.
 * @property {number} [seq] Its number in the stream; without one it is ephemeral, and may be lost.
 * @property {string} [content] Beside the data of a `user_message`, for the document's clients.
 *
 * @typedef {object} Position A place in a stream: after `seq`, in the history `epoch`.
 * @property {number} seq
 * @property {string | null} [epoch]
 *
 * @typedef {object} State How it stands with a stream, or with all of them.
 * @property {'idle' | 'connecting' | 'catching_up' | 'live' | 'reconnecting' | 'offline'} status
 * @property {number} [behind] `catching_up`: how many events are still to come.
 * @property {number} [seconds] `reconnecting`: how long until the next attempt, when this was said.
 * @property {number} [at] `reconnecting`: the moment of the next attempt, in milliseconds as of `Date.now()`.
 * @property {import('./errors.js').GatheringError} [error] `reconnecting` and `offline`: why.
 *
 * @typedef {object} Store Where positions are kept; both may return a promise.
 * @property {(channel: string) => Position | null | undefined | Promise<Position | null | undefined>} load
 * @property {(channel: string, position: Position) => unknown} save
 *
 * @typedef {string | null | undefined | {token: string, expiresAt?: number | string | Date}} Token
 *
 * @typedef {object} Options
 * @property {string} [url] The server, as in `https://hub.example`; in a page, by default, its own.
 * @property {string | (() => Token | Promise<Token>)} [token] A token, or what gets one; see the document.
 * @property {() => string | Promise<string>} [ticket] Gets a one-time ticket, for each connection anew.
 * @property {boolean} [shared] One socket at `/ws/` for all streams (the default), or one for each.
 * @property {Store} [store] Where positions are kept; in memory by default.
 * @property {'auto' | 'websocket' | 'http'} [transport] `auto` falls back to Server-Sent Events.
 * @property {any} [WebSocket] A WebSocket class, where there is none built in: that of `ws`.
 * @property {typeof fetch} [fetch]
 * @property {Partial<Timing>} [timing]
 * @property {number} [maxAttempts] How often in a row it tries to connect; for ever by default.
 * @property {(error: unknown, frame?: Frame) => void} [onError] Hears of handlers and stores that failed.
 * @property {(frame: Frame) => void} [onUnknown] Gets the frames that nobody has a handler for.
 *
 * @typedef {object} Timing All in milliseconds.
 * @property {number} base The first wait before another attempt is at most this long, the next twice, …
 * @property {number} most … and no wait is longer than this.
 * @property {number} patience How long an answer may take: a connection, a welcome, a pong.
 * @property {number} silence After this long without a frame it asks whether the server is still there.
 * @property {number} upgrade How often it looks, without WebSocket, whether there is one now.
 *
 * @typedef {(frame: Frame) => unknown} Handler One that returns a promise is waited for.
 * @typedef {(stream: import('./stream.js').Stream, reset: Frame | null) => Position | Promise<Position>} Snapshot
 *
 * @typedef {object} Opening
 * @property {number | Position} [since] Begin after this; by default where the store says, else now.
 * @property {string} [epoch] The history that `since` is of.
 * @property {Snapshot} [snapshot] Gets the state anew, at the start and after a `reset`: all up to the
 *   `seq` that it returns is in it.  It is tried until it succeeds.
 * @property {AbortSignal} [signal] Ends the loop.
 */

export {};

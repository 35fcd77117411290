/**
 * The types that go with it.
 * @typedef {import('./kinds.js').Agent} Agent
 * @typedef {import('./kinds.js').Circle} Circle
 * @typedef {import('./kinds.js').Draft} Draft
 * @typedef {import('./types.js').Handler} Handler
 * @typedef {import('./types.js').Opening} Opening
 * @typedef {import('./types.js').Snapshot} Snapshot
 * @typedef {import('./stream.js').Stream} Stream
 * @typedef {import('./types.js').Frame} Frame
 * @typedef {import('./types.js').Options} Options
 * @typedef {import('./types.js').Position} Position
 * @typedef {import('./types.js').State} State
 * @typedef {import('./types.js').Store} Store
 */

export { GatheringClient } from './client.js';
export { GatheringError } from './errors.js';
export { memoryStore, storageStore } from './stores.js';
export { WebSocketClient } from './websocket-client.js';

export { GatheringClient } from './client.js';
export { advice } from './codes.js';
export { Reader, judge } from './cursor.js';
export { GatheringError } from './errors.js';
export { Agent, Circle, Draft, Workspace } from './kinds.js';
export { parseName } from './names.js';
export { memoryStore, storageStore } from './stores.js';
export { Stream } from './stream.js';
export { WebSocketClient } from './websocket-client.js';

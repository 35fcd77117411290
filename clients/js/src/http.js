/** What is done by HTTP, for those who need it: REST, and what stands in for a WebSocket. */

export { HttpSocket } from './http-socket.js';
export { request } from './rest.js';

/** What is done by HTTP, for those who need it: REST, and what stands in for a WebSocket. */

import { GatheringError } from './errors.js';
import { HttpSocket } from './http-socket.js';
import { request } from './rest.js';

export { request };

/**
 * What stands in for a WebSocket, where HTTP works and WebSocket does not.  A server that was away for a
 * while had neither: while it comes back is no time to do without one.
 * @param {import('./client.js').GatheringClient} client
 * @param {unknown} insisted Whether there is to be none in any case.
 * @throws {GatheringError} If the server is away, or there is a WebSocket.
 */
export async function standIn(client, insisted) {
  if (!insisted) {
    await request(client, '/healthz');
    if (await answers(client)) throw new GatheringError('back', 'WebSocket works.', true);
  }
  return new HttpSocket(client);
}

/** @param {import('./client.js').GatheringClient} client */
async function answers(client) {
  const socket = await client.socket('/ws/', {});
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ answered) => (socket.close(), resolve(answered));
    socket.onopen = () => socket.send('{"type":"ping"}');
    socket.onmessage = () => end(true);
    socket.onclose = socket.onerror = () => end(false);
    setTimeout(end, client.timing.patience, false);
  });
}

/** Requests with the credential, and answers that are GatheRing's. */

import { GatheringError, unreachable } from './errors.js';

/** @typedef {import('./client.js').GatheringClient} GatheringClient */

const JSON_TYPE = 'application/json';

/**
 * Ask REST.  Resolves to the JSON of the answer.
 * @param {GatheringClient} client
 * @param {string} path
 * @param {{method?: string, body?: unknown, id?: string, signal?: AbortSignal}} [request] With an `id` it is
 *   done once, however often it is sent.
 * @returns {Promise<any>}
 * @throws {GatheringError}
 */
export async function request(client, path, { body, id, signal, ...init } = {}) {
  const once = id && { 'Idempotency-Key': id };
  const headers = { Accept: JSON_TYPE, 'Content-Type': JSON_TYPE, ...once };
  const soon = signal ?? AbortSignal.timeout(3 * client.timing.patience);
  const response = await respond(client, path, { ...init, signal: soon, headers, body: JSON.stringify(body) });
  return response.status === 204 ? null : response.json();
}

/**
 * A request with the credential.  A token that has ended is renewed once.
 * @param {GatheringClient} client
 * @param {string} path
 * @param {RequestInit & {headers: Record<string, string>}} init
 * @returns {Promise<Response>} One that is good, and of the kind that was asked for.
 * @throws {GatheringError}
 */
export async function respond(client, path, init, again = true) {
  const headers = { ...init.headers, ...shown(await client.credentials.token()) };
  const ask = client.options.fetch ?? fetch;
  const response = await ask(client.url + path, { ...init, headers }).catch((cause) => {
    throw unreachable(cause);
  });
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && (type.startsWith(headers.Accept) || response.status === 204)) return response;
  const error = await refusal(response, type);
  if (!again || error.code !== 'token_expired' || !client.credentials.forget()) throw error;
  return respond(client, path, init, false);
}

/**
 * The credential in a header; a session's cookie goes by itself, and needs what shows that it is no forgery.
 * @param {string | undefined} token
 * @returns {Record<string, string>}
 */
function shown(token) {
  if (token) return { Authorization: `Bearer ${token}` };
  const csrf = /(?:^|; )csrftoken=([^;]*)/.exec(globalThis.document?.cookie ?? '');
  return csrf ? { 'X-CSRFToken': csrf[1] } : {};
}

/**
 * @param {Response} response
 * @param {string} type
 */
async function refusal(response, type) {
  if (!response.ok && type.startsWith(JSON_TYPE)) return GatheringError.from(await response.json());
  return new GatheringError('bad_answer', `What answers is no GatheRing: ${response.status} ${type}`, true);
}

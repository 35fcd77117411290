/** Names of streams: `<kind>.<key>`, as in `circles.dev-team`, `workspaces.7` and `agents.3`. */

import { GatheringError } from './errors.js';

const NAME = /^([a-z]{1,20})\.([a-z0-9][a-z0-9_-]*)$/;
const MOST = 99;

/**
 * The kind and the key in the name of a stream.
 * @param {unknown} text
 * @returns {{kind: string, key: string}}
 * @throws {GatheringError} `bad_name`, for anything else, of whatever type.
 */
export function parseName(text) {
  const found = typeof text === 'string' && text.length <= MOST ? NAME.exec(text) : null;
  if (!found) throw new GatheringError('bad_name', `'${text}' is no name of a stream.`);
  return { kind: found[1], key: found[2] };
}

/** Trying again what can succeed later. */

import { delay } from './backoff.js';
import { GatheringError } from './errors.js';

/**
 * What `attempt` gives: tried until it succeeds, or null once nobody wants it any more.
 * @template T
 * @param {import('./client.js').GatheringClient} client Its `onError` hears of each failure.
 * @param {() => T | Promise<T>} attempt
 * @param {() => unknown} wanted
 * @returns {Promise<T | null>}
 * @throws {GatheringError} What is not to be retried.
 */
export async function insist(client, attempt, wanted) {
  for (let tries = 0; wanted(); tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof GatheringError && !error.retryable) throw error;
      client.onError(error);
    }
    await new Promise((resolve) => setTimeout(resolve, delay(client.timing, tries)));
  }
  return null;
}

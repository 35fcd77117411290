/** Where the tests of this directory run: a server, its cast, and a circle in which Ada, Bob and Robo are. */

import { GatheringClient } from '../../src/index.js';

const { url, tokens, circle } = JSON.parse(process.env.GATHERING_PLACE);

export { circle, tokens, url };

/** A client for one of the cast; it ends with the test. */
export function clientOf(t, who, options) {
  const client = new GatheringClient({ url, token: tokens[who], timing: { base: 20, most: 200 }, ...options });
  t.after(() => client.close());
  return client;
}

/** The next events for which `wanted` holds. */
export async function take(events, count, wanted = () => true) {
  const found = [];
  while (found.length < count) {
    const { value, done } = await events.next();
    if (done) throw new Error('The events ended.');
    if (wanted(value)) found.push(value);
  }
  return found;
}

/** A circle of Ada's own, made for one test. */
export async function makeCircle(t, members = ['bob', 'robo']) {
  const name = `js-${Math.random().toString(36).slice(2)}`;
  const ada = clientOf(t, 'ada');
  await ada.request('/api/circles/', { method: 'POST', body: { name } });
  for (const member of members) {
    await ada.request(`/api/circles/${name}/members/`, { method: 'POST', body: { name: member } });
  }
  return name;
}

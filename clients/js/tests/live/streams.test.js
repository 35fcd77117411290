import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientOf, makeCircle, take } from './place.js';

const MODES = [
  { shared: true, transport: 'websocket' },
  { shared: false, transport: 'websocket' },
  { shared: true, transport: 'http' },
];

for (const mode of MODES) {
  const named = JSON.stringify(mode);

  test(`what Bob posts Ada gets, once and in order: ${named}`, async (t) => {
    const name = await makeCircle(t);
    const events = clientOf(t, 'ada', mode).circle(name).events({ since: 0 });
    const bob = clientOf(t, 'bob', mode).circle(name);
    const texts = ['one', 'two', 'three', 'four'];
    await Promise.all(texts.map((text) => bob.post(text)));
    const got = await take(events, 4, ({ type }) => type === 'user_message');
    assert.deepEqual(got.map(({ data }) => data.content), texts);
    assert.deepEqual(got.map(({ seq }) => seq), [4, 5, 6, 7]);
  });

  test(`a post with an id is done once, however often it is sent: ${named}`, async (t) => {
    const bob = clientOf(t, 'bob', mode).circle(await makeCircle(t));
    const first = await bob.post('once', { id: `id-${bob.key}` });
    const again = await bob.post('once', { id: `id-${bob.key}` });
    assert.equal(again.seq, first.seq);
  });

  test(`a post that is refused rejects with the server's reason: ${named}`, async (t) => {
    const bob = clientOf(t, 'bob', mode).circle(await makeCircle(t));
    await assert.rejects(bob.post(''), { name: 'GatheringError', retryable: false });
  });

  test(`one who may not see a circle is told so: ${named}`, async (t) => {
    const carol = clientOf(t, 'carol', mode).circle(await makeCircle(t));
    await assert.rejects(carol.events().next(), { name: 'GatheringError', code: 'not_found' });
    assert.equal(carol.state.status, 'offline');
  });
}

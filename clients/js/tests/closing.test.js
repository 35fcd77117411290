/** Close codes are obeyed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHANNEL, FakeHub, reaches } from './fake-hub.js';

for (const code of [1000, 1001, 1011, 1012, 4008, 4999]) {
  test(`after ${code} it comes back and resumes`, async (t) => {
    const hub = await FakeHub.start(t);
    const events = hub.client(t).circle('dev').open({ since: 0 }).events();
    const first = await hub.welcome({ head: 2 });
    first.events(1, 2);
    assert.equal((await events.next()).value.seq, 1);
    assert.equal((await events.next()).value.seq, 2);
    first.socket.close(code);
    const second = await hub.welcome({ head: 3 });
    second.events(3);
    assert.equal(second.since, 2);
    assert.equal((await events.next()).value.seq, 3);
  });
}

for (const [code, error] of [[4001, 'not_authenticated'], [4003, 'access_withdrawn'], [4004, 'not_found']]) {
  test(`after ${code} it stays away, and says why`, async (t) => {
    const hub = await FakeHub.start(t);
    const client = hub.client(t, { shared: false });
    const next = client.circle('dev').events().next();
    const side = await hub.accept();
    side.refuse({}, error, false);
    side.socket.close(code);
    await assert.rejects(next, { name: 'GatheringError', code: error });
    assert.equal(client.state.status, 'offline');
    assert.equal(client.circle('dev').state.error.code, error);
    await new Promise((resolve) => setTimeout(resolve, 100)); // more than twice the longest wait
    assert.equal(hub.connections, 1);
  });
}

test('after 4001 it can be opened again, with a new credential', async (t) => {
  const hub = await FakeHub.start(t);
  const client = hub.client(t);
  const circle = client.circle('dev').open();
  (await hub.accept()).socket.close(4001);
  await reaches(circle, ({ status }) => status === 'offline');
  await client.refresh('another');
  circle.open();
  assert.match((await hub.accept()).protocols, /gathering\.bearer\.another/);
});

test('after 4010 it asks for a new token, and comes back with that', async (t) => {
  const hub = await FakeHub.start(t);
  const tokens = ['first', 'second'];
  hub.client(t, { token: () => tokens.shift() }).circle('dev').open();
  const side = await hub.accept();
  assert.match(side.protocols, /bearer\.first/);
  side.socket.close(4010);
  assert.match((await hub.accept()).protocols, /bearer\.second/);
});

test('after 4010 with a token that cannot be renewed it stays away', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t, { token: 'only' }).circle('dev').open();
  const side = await hub.accept();
  side.refuse({}, 'token_expired', false);
  side.socket.close(4010);
  const { error } = await reaches(circle, ({ status }) => status === 'offline');
  assert.equal(error.code, 'token_expired');
});

test('after 4029 it waits longer than after another close', async (t) => {
  const hub = await FakeHub.start(t);
  t.mock.method(Math, 'random', () => 1);
  const client = hub.client(t, { timing: { base: 10, most: 10_000, patience: 1000 } });
  client.circle('dev').open();
  (await hub.welcome()).socket.close(4029);
  const busy = await reaches(client, ({ status }) => status === 'reconnecting');
  assert.ok(busy.at - Date.now() > 100, 'ten milliseconds would be the wait after another code');
});

test('after 1009 what was under way is refused, and the rest comes back', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const first = await hub.welcome();
  const large = circle.post('large');
  await first.hear('message');
  const refused = assert.rejects(large, { code: 'frame_too_large' });
  first.refuse({}, 'frame_too_large', false);
  first.socket.close(1009);
  await refused;
  const second = await hub.welcome();
  const small = circle.post('small');
  const frame = await second.hear('message');
  assert.equal(frame.content, 'small');
  second.ack(frame, 1);
  assert.equal((await small).seq, 1);
});

test('a right that is withdrawn on the shared socket ends that stream alone', async (t) => {
  const hub = await FakeHub.start(t);
  const client = hub.client(t);
  const next = client.circle('dev').events().next();
  const side = await hub.accept();
  await side.hear('subscribe');
  side.welcome();
  client.circle('other').open();
  await side.hear('subscribe');
  side.welcome({ channel: 'circles.other' });
  side.refuse({}, 'access_withdrawn', false);
  await assert.rejects(next, { code: 'access_withdrawn' });
  assert.equal(side.socket.readyState, side.socket.OPEN);
  assert.equal(client.stream(CHANNEL).state.status, 'offline');
  assert.notEqual(client.state.status, 'offline');
});

test('after as many attempts as are allowed it gives up', async (t) => {
  const hub = await FakeHub.start(t, (request, response) => response.writeHead(500).end());
  hub.server.close(); // no more WebSockets here
  const client = hub.client(t, { maxAttempts: 2, transport: 'websocket' });
  const { error } = await reaches(client.circle('dev').open(), ({ status }) => status === 'offline');
  assert.equal(error.code, 'unreachable');
});

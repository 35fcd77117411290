/** Finding its place again: gaps, deaf sockets, resets, slow readers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeHub, reaches } from './fake-hub.js';

test('what was missed is asked for, and nothing comes twice', async (t) => {
  const hub = await FakeHub.start(t);
  const events = hub.client(t).circle('dev').open({ since: 0 }).events();
  const side = await hub.welcome({ head: 4 });
  side.events(1, 2, 4);
  const { since } = await side.hear('subscribe');
  assert.equal(since, 2);
  side.events(5); // of the subscription that it has given up
  side.welcome({ head: 5, resumed: true });
  side.events(2, 3, 4, 5);
  const got = [];
  for await (const { seq } of events) if (got.push(seq) === 5) break;
  assert.deepEqual(got, [1, 2, 3, 4, 5]);
});

test('with a socket for each stream what was missed is asked for by another socket', async (t) => {
  const hub = await FakeHub.start(t);
  const events = hub.client(t, { shared: false }).circle('dev').open({ since: 0 }).events();
  const first = await hub.accept();
  first.welcome({ head: 3, resumed: true });
  first.events(1, 3);
  const second = await hub.accept();
  assert.equal(second.address, '/ws/circles/dev?since=1&epoch=a');
  second.welcome({ head: 3, resumed: true });
  second.events(2, 3);
  const got = [];
  for await (const { seq } of events) if (got.push(seq) === 3) break;
  assert.deepEqual(got, [1, 2, 3]);
});

test('a head that is not reached at the next beat is a loss', async (t) => {
  const hub = await FakeHub.start(t);
  hub.client(t).circle('dev').open({ since: 0 });
  const side = await hub.welcome({ head: 0 });
  side.say('ping', { heads: { 'circles.dev': 2 } });
  side.events(1);
  side.say('ping', { heads: { 'circles.dev': 2 } }); // something came of it
  side.say('ping', { heads: { 'circles.dev': 2 } });
  assert.equal((await side.hear('subscribe')).since, 1);
});

test('every ping is answered', async (t) => {
  const hub = await FakeHub.start(t);
  hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  side.say('ping', {}, { channel: undefined });
  await side.hear('pong');
});

test('a server that has fallen silent is asked, and left if it does not answer', async (t) => {
  const hub = await FakeHub.start(t);
  hub.client(t).circle('dev').open({ since: 0 });
  const first = await hub.welcome({ head: 1 });
  first.events(1);
  await first.hear('ping');
  assert.equal((await hub.welcome({ head: 1 })).since, 1);
});

test('a server that answers is not left, however silent', async (t) => {
  const hub = await FakeHub.start(t);
  hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  for (let beats = 0; beats < 2; beats++) {
    await side.hear('ping');
    side.say('pong', {}, { channel: undefined });
  }
  assert.equal(hub.connections, 1);
});

test('waking asks at once whether the connection lives', async (t) => {
  const hub = await FakeHub.start(t);
  const client = hub.client(t, { timing: { patience: 100, silence: 60_000, base: 5 } });
  const circle = client.circle('dev').open();
  const side = await hub.welcome();
  await reaches(circle, ({ status }) => status === 'live');
  client.wake();
  await side.hear('ping');
  await hub.welcome();
});

test('waking ends a long wait', async (t) => {
  const hub = await FakeHub.start(t);
  const client = hub.client(t, { timing: { base: 3_600_000, most: 3_600_000, patience: 1000 } });
  client.circle('dev').open();
  t.mock.method(Math, 'random', () => 1);
  (await hub.welcome()).socket.close(1012);
  await reaches(client, ({ status }) => status === 'reconnecting');
  client.wake();
  await hub.welcome();
});

test('without a snapshot, a reset is an event, and what follows is after its head', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open({ since: 9, epoch: 'old' });
  const side = await hub.welcome({ epoch: 'a', head: 2, resumed: false });
  side.say('reset', { reason: 'epoch', epoch: 'a', head: 2, floor: 0 });
  side.events(3);
  const events = circle.events();
  assert.equal((await events.next()).value.data.reason, 'epoch');
  assert.equal((await events.next()).value.seq, 3);
  assert.deepEqual(circle.cursor, { seq: 2, epoch: 'a' });
});

test('a snapshot after a reset holds what came until it, and that is not handled again', async (t) => {
  const hub = await FakeHub.start(t);
  const asked = [];
  const snapshot = async (stream, reset) => {
    asked.push(reset?.data.reason);
    if (asked.length === 1) throw new Error('not yet');
    return { seq: 4, epoch: 'a' };
  };
  const errors = [];
  const client = hub.client(t, { onError: ({ message }) => errors.push(message) });
  const circle = client.circle('dev').open({ since: 9, epoch: 'old', snapshot });
  const side = await hub.welcome({ epoch: 'a', head: 2 });
  side.say('reset', { reason: 'epoch', epoch: 'a', head: 2, floor: 0 });
  side.events(3, 4, 5);
  const events = circle.events();
  assert.equal((await events.next()).value.type, 'reset');
  assert.equal((await events.next()).value.seq, 5);
  assert.deepEqual([asked, errors], [['epoch', 'epoch'], ['not yet']]);
});

test('with a snapshot and no position, the start is like a recovery', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open({ snapshot: async () => ({ seq: 7, epoch: 'a' }) });
  assert.equal((await hub.welcome({ head: 8 })).since, 7);
  assert.equal(circle.cursor.seq, 7);
});

test('a position in the old history is never stored with the epoch of the new one', async (t) => {
  const hub = await FakeHub.start(t);
  const saved = [];
  const store = { load: () => ({ seq: 0, epoch: 'a' }), save: (channel, position) => saved.push(position) };
  const circle = hub.client(t, { store }).circle('dev').open();
  const side = await hub.welcome({ head: 1 });
  side.events(1, 2);
  side.say('reset', { reason: 'epoch', epoch: 'b', head: 0, floor: 0 });
  side.events(1);
  const events = circle.events();
  for (let count = 0; count < 5; count++) {
    if (count === 4) side.events(2);
    await events.next();
  }
  assert.deepEqual(saved, [
    { seq: 1, epoch: 'a' },
    { seq: 2, epoch: 'a' },
    { seq: 0, epoch: 'b' },
    { seq: 1, epoch: 'b' },
  ]);
});

test('what a slow reader cannot take waits on the server, and comes in order', async (t) => {
  const hub = await FakeHub.start(t);
  const most = 5000;
  const circle = hub.client(t).circle('dev').open({ since: 0 });
  const side = await hub.welcome({ head: most });
  let asked = 0;
  const serve = async (since) => {
    side.events(...Array.from({ length: most - since }, (_, index) => since + index + 1));
    const again = await side.hear('subscribe');
    asked += 1;
    side.welcome({ head: most, resumed: true });
    serve(again.since);
  };
  serve(0);
  let cursor = 0;
  for await (const { seq } of circle.events()) {
    assert.equal(seq, cursor + 1);
    cursor = seq;
    if (cursor === 1) await new Promise((resolve) => setTimeout(resolve, 200));
    if (cursor === most) break;
  }
  assert.ok(asked >= 1);
});

test('behind is counted down while it catches up', async (t) => {
  const hub = await FakeHub.start(t);
  const client = hub.client(t);
  const circle = client.circle('dev').open({ since: 0 });
  const side = await hub.welcome({ head: 2 });
  const late = await reaches(client, ({ status }) => status === 'catching_up');
  assert.equal(late.behind, 2);
  side.events(1, 2);
  await reaches(circle, ({ status }) => status === 'live');
});

test('opening elsewhere begins there', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open({ since: 5 });
  const first = await hub.welcome({ head: 6 });
  first.events(6);
  circle.open({ since: 2, epoch: 'a' });
  const second = await hub.welcome({ head: 6 });
  assert.equal(second.since, 2);
  second.events(3);
  assert.equal((await circle.events().next()).value.seq, 3);
});

test('a subscription that is refused for now is asked for again', async (t) => {
  const hub = await FakeHub.start(t);
  hub.client(t).circle('dev').open();
  const side = await hub.accept();
  side.refuse(await side.hear('subscribe'), 'rate_limited', true);
  await side.hear('subscribe');
});

for (const [name, event] of [['globalThis', 'online'], ['document', 'visibilitychange']]) {
  test(`${event} wakes it, until it is closed`, async (t) => {
    const target = new EventTarget();
    if (name === 'document') globalThis.document = target;
    else globalThis.addEventListener = target.addEventListener.bind(target);
    t.after(() => delete globalThis[name === 'document' ? name : 'addEventListener']);
    const hub = await FakeHub.start(t);
    const client = hub.client(t, { timing: { patience: 60_000, silence: 60_000 } });
    const circle = client.circle('dev').open();
    const side = await hub.welcome();
    await reaches(circle, ({ status }) => status === 'live');
    target.hidden = true;
    target.dispatchEvent(new Event(event));
    target.hidden = false;
    target.dispatchEvent(new Event(event));
    await side.hear('ping');
    client.close();
    const wake = t.mock.method(client, 'wake');
    target.dispatchEvent(new Event(event));
    assert.equal(wake.mock.callCount(), 0);
  });
}

/** Who handles events, and what of it is remembered. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHANNEL, FakeHub, later, reaches } from './fake-hub.js';

async function started(t, options, about = { head: 3 }) {
  const hub = await FakeHub.start(t);
  const saved = [];
  const store = { load: () => ({ seq: 0, epoch: 'a' }), save: (channel, { seq }) => saved.push(seq) };
  const client = hub.client(t, { store, ...options });
  const circle = client.circle('dev').open();
  return { hub, client, circle, saved, side: await hub.welcome(about) };
}

test('a handler that throws has had its event: the error is told, and the stream goes on', async (t) => {
  const errors = [];
  const { circle, side, saved } = await started(t, { onError: (error, frame) => errors.push([error.message, frame.seq]) });
  const third = later();
  circle.on('user_message', ({ seq }) => {
    if (seq === 3) third.resolve();
    throw new Error(`at ${seq}`);
  });
  side.events(1, 2, 3);
  await third.promise;
  assert.deepEqual(errors, [['at 1', 1], ['at 2', 2], ['at 3', 3]]);
  assert.deepEqual(saved, [1, 2, 3]);
});

test('a promise of a handler is waited for before the next event, and before the cursor moves', async (t) => {
  const { circle, side, saved } = await started(t);
  const gate = later();
  const seen = [];
  circle.on('user_message', async ({ seq }) => {
    seen.push(seq);
    await gate.promise;
  });
  side.events(1, 2);
  side.say('typing', {});
  side.socket.ping();
  await new Promise((resolve) => side.socket.once('pong', resolve));
  assert.deepEqual([seen, saved, circle.cursor.seq], [[1], [], 0]);
  gate.resolve();
  await reaches(circle, () => circle.cursor.seq === 2);
  assert.deepEqual(seen, [1, 2]);
});

test('a handler whose promise is rejected is like one that throws', async (t) => {
  const errors = [];
  const { circle, side, saved } = await started(t, { onError: (error) => errors.push(error.message) });
  const second = later();
  circle.on('user_message', async ({ seq }) => {
    if (seq === 2) second.resolve();
    throw new Error(`at ${seq}`);
  });
  side.events(1, 2);
  await second.promise;
  await new Promise(setImmediate);
  assert.deepEqual([errors, saved], [['at 1', 'at 2'], [1, 2]]);
});

test('an event of a loop is stored when the next is asked for', async (t) => {
  const { circle, side, saved } = await started(t);
  const events = circle.events();
  side.events(1, 2);
  await events.next();
  assert.deepEqual(saved, []);
  await events.next();
  assert.deepEqual(saved, [1]);
});

test('a loop that is left goes on after that event, which is not stored as handled', async (t) => {
  const { circle, side, saved } = await started(t);
  side.events(1, 2, 3);
  for await (const { seq } of circle.events()) if (seq === 2) break;
  assert.deepEqual(saved, [1]);
  for await (const { seq } of circle.events()) {
    assert.equal(seq, 3);
    break;
  }
});

test('what is thrown in a loop leaves it, and comes out', async (t) => {
  const { circle, side, saved } = await started(t);
  side.events(1);
  const loop = async () => {
    for await (const { seq } of circle.events()) throw new Error(`at ${seq}`);
  };
  await assert.rejects(loop(), /at 1/);
  assert.deepEqual(saved, []);
});

test('two loops and a handler get the same events, and the slowest sets the pace', async (t) => {
  const { circle, side } = await started(t);
  const [one, two] = [circle.events(), circle.events()];
  const first = [one.next(), two.next()];
  side.events(1, 2);
  assert.deepEqual((await Promise.all(first)).map(({ value }) => value.seq), [1, 1]);
  const second = one.next();
  assert.equal(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 30, 'waits'))]), 'waits');
  assert.equal((await two.next()).value.seq, 2);
  assert.equal((await second).value.seq, 2);
});

test('a signal ends a loop', async (t) => {
  const { circle, side } = await started(t);
  const abort = new AbortController();
  const events = circle.events({ signal: abort.signal });
  side.events(1);
  await events.next();
  const next = events.next();
  abort.abort();
  assert.equal((await next).done, true);
  assert.equal((await circle.events({ signal: abort.signal }).next()).done, true);
});

test('closing ends loops, and rejects what is not answered', async (t) => {
  const { circle, side } = await started(t);
  const next = circle.events().next();
  const post = circle.post('unheard');
  await side.hear('message');
  const rejected = assert.rejects(post, { code: 'closed' });
  circle.close();
  await rejected;
  assert.equal((await next).done, true);
  assert.equal(circle.state.status, 'idle');
});

test('events wait for the first handler', async (t) => {
  const { circle, side } = await started(t);
  const post = circle.post('and then');
  side.events(1, 2);
  side.ack(await side.hear('message'), 3);
  await post;
  const { value } = await circle.events().next();
  assert.equal(value.seq, 1);
});

test('a frame of a type that nobody handles goes to onUnknown, with a channel or without one', async (t) => {
  const unknown = [];
  const { circle, side } = await started(t, { onUnknown: ({ type }) => unknown.push(type) });
  const last = later();
  circle.on('user_message', last.resolve);
  side.say('news_of_tomorrow', {});
  side.say('news_of_the_socket', {}, { channel: undefined });
  side.events(1);
  await last.promise;
  assert.deepEqual(unknown.sort(), ['news_of_the_socket', 'news_of_tomorrow']);
});

test('a loop gets frames of types that it does not know', async (t) => {
  const { circle, side } = await started(t);
  side.say('news_of_tomorrow', { any: ['thing'] });
  assert.deepEqual((await circle.events().next()).value.data, { any: ['thing'] });
});

test('what is no frame is told, and breaks nothing', async (t) => {
  const errors = [];
  const { circle, side } = await started(t, { onError: (error) => errors.push(error.code) });
  side.socket.send('<html>');
  side.socket.send('[]');
  side.socket.send(Buffer.from([1, 2, 3]));
  side.events(1);
  assert.equal((await circle.events().next()).value.seq, 1);
  assert.deepEqual(errors, ['bad_answer', 'bad_answer', 'bad_answer']);
});

test('a store that fails is told, and the stream goes on', async (t) => {
  const errors = [];
  const store = { load: () => { throw new Error('load'); }, save: async () => { throw new Error('save'); } };
  const hub = await FakeHub.start(t);
  const circle = hub.client(t, { store, onError: ({ message }) => errors.push(message) }).circle('dev');
  const events = circle.events();
  const next = events.next();
  (await hub.welcome({ head: 3 })).events(4, 5);
  assert.equal((await next).value.seq, 4);
  assert.equal((await events.next()).value.seq, 5);
  assert.deepEqual(errors, ['load', 'save', 'save']);
});

test('the first welcome is stored: who dies before the first event misses none after it', async (t) => {
  const saved = [];
  const store = { load: () => null, save: (channel, position) => saved.push([channel, position]) };
  const hub = await FakeHub.start(t);
  const circle = hub.client(t, { store }).circle('dev').open();
  await hub.welcome({ head: 7 });
  await reaches(circle, ({ status }) => status === 'live');
  assert.deepEqual(saved, [[CHANNEL, { seq: 7, epoch: 'a' }]]);
});

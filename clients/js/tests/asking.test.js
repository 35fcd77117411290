/** What is posted is sent until it is answered, and is done once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeHub } from './fake-hub.js';

test('what was not answered is sent again with its id after a cut, in order', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const first = await hub.welcome();
  const posts = ['one', 'two', 'three'].map((text) => circle.post(text));
  const sent = [await first.hear('message'), await first.hear('message'), await first.hear('message')];
  first.ack(sent[0], 1);
  await posts[0];
  first.socket.terminate();
  const second = await hub.welcome();
  const again = [await second.hear('message'), await second.hear('message')];
  assert.deepEqual(again, sent.slice(1));
  second.ack(again[0], 2);
  second.ack(again[1], 3);
  assert.deepEqual((await Promise.all(posts)).map(({ seq }) => seq), [1, 2, 3]);
});

test('what is posted while there is no connection waits for one', async (t) => {
  const hub = await FakeHub.start(t);
  const post = hub.client(t).circle('dev').post('early');
  const side = await hub.welcome();
  side.ack(await side.hear('message'), 1);
  assert.equal((await post).seq, 1);
});

test('no more than sixteen are under way', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  const posts = Array.from({ length: 40 }, (_, index) => circle.post(`${index}`));
  const sent = [];
  for (let count = 0; count < 16; count++) sent.push(await side.hear('message'));
  side.say('ping', {});
  await side.hear('pong'); // the frame after the sixteenth
  for (let seq = 1; seq <= 40; seq++) side.ack(sent[seq - 1] ?? (await side.hear('message')), seq);
  assert.deepEqual((await Promise.all(posts)).map(({ seq }) => seq), Array.from({ length: 40 }, (_, i) => i + 1));
});

test('a refusal for now is waited out; one for good rejects', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  const post = circle.post('patience');
  const frame = await side.hear('message');
  side.refuse(frame, 'rate_limited', true);
  assert.deepEqual(await side.hear('message'), frame);
  side.refuse(frame, 'circle_archived', false);
  await assert.rejects(post, { name: 'GatheringError', code: 'circle_archived', retryable: false });
});

test('an answer that is missing at the second beat is asked for again', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  const post = circle.post('heard?');
  const frame = await side.hear('message');
  side.say('ping', {});
  side.say('ping', {});
  assert.deepEqual(await side.hear('message'), frame);
  side.ack(frame, 1);
  await post;
});

test('a signal takes a post back', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev');
  const abort = new AbortController();
  const post = circle.post('never mind', { signal: abort.signal });
  abort.abort();
  await assert.rejects(post, { name: 'AbortError' });
  await assert.rejects(circle.post('nor this', { signal: abort.signal }), { name: 'AbortError' });
  const side = await hub.welcome();
  side.say('ping', {});
  assert.equal((await side.hear('pong')).type, 'pong');
});

test('an id of your own is kept', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  const post = circle.post('mine', { id: 'order-7', reply_to: 3 });
  const frame = await side.hear('message');
  assert.deepEqual(frame, { type: 'message', content: 'mine', reply_to: 3, id: 'order-7', channel: 'circles.dev' });
  side.ack(frame, 1);
  await post;
});

test('a draft is told as it is written, with the place of each piece, and becomes the message', async (t) => {
  const hub = await FakeHub.start(t);
  const circle = hub.client(t).circle('dev').open();
  const side = await hub.welcome();
  side.ack(await firstOf(side, circle), 1);
  const draft = circle.draft({ reply_to: 7 });
  draft.write('Hi 😀');
  draft.write('!');
  const post = draft.post();
  const [one, two] = [await side.hear('message_delta'), await side.hear('message_delta')];
  assert.deepEqual([one.offset, two.offset, two.delta, two.reply_to], [0, 4, '!', 7]);
  const frame = await side.hear('message');
  assert.deepEqual([frame.content, frame.draft, frame.reply_to], ['Hi 😀!', one.draft, 7]);
  side.ack(frame, 2);
  await post;
});

async function firstOf(side, circle) {
  circle.post('first').catch(() => {});
  return side.hear('message');
}

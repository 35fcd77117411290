import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientOf, makeCircle, take, url, tokens } from './place.js';

/** A token of Bob's that ends after some seconds. */
async function mint(t, seconds) {
  const body = { name: 'short', expires_in: seconds };
  return (await clientOf(t, 'bob').request('/api/tokens/', { method: 'POST', body })).token;
}

const message = ({ type }) => type === 'user_message';

test('a wrong token is refused, and it stays away', async (t) => {
  for (const shared of [true, false]) {
    const circle = clientOf(t, 'ada', { token: 'wrong', shared }).circle('any');
    await assert.rejects(circle.events().next(), { code: 'not_authenticated' });
    assert.equal(circle.state.status, 'offline');
  }
});

test('a token that has ended is replaced, and nothing is missed', async (t) => {
  const name = await makeCircle(t);
  let asked = 0;
  const token = () => mint(t, ++asked && 1);
  const circle = clientOf(t, 'bob', { token }).circle(name).open({ since: 0 });
  const ada = clientOf(t, 'ada').circle(name);
  const events = circle.events();
  for (const text of ['one', 'two', 'three']) {
    await ada.post(text);
    const [{ data }] = await take(events, 1, message);
    assert.equal(data.content, text);
    const before = asked;
    while (asked === before) await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('a token that is renewed in time keeps its socket', async (t) => {
  const name = await makeCircle(t);
  const states = [];
  const token = async () => ({ token: await mint(t, 2), expiresAt: Date.now() + 1000 });
  const client = clientOf(t, 'bob', { token });
  const circle = client.circle(name).open();
  client.watch(({ status }) => states.push(status));
  await new Promise((resolve) => setTimeout(resolve, 3000)); // a token and a half
  await circle.post('still here');
  assert.equal(states.includes('reconnecting'), false, states.join());
});

test('a ticket opens a socket, and the fallback, too', async (t) => {
  const name = await makeCircle(t);
  const bob = clientOf(t, 'bob');
  const ticket = async () => (await bob.request('/api/tickets/', { method: 'POST' })).ticket;
  for (const transport of ['websocket', 'http']) {
    const client = clientOf(t, 'bob', { token: undefined, ticket, transport });
    const events = client.circle(name).open({ since: 0 }).events();
    assert.equal((await take(events, 3)).length, 3);
  }
});

test('the version of Node without a WebSocket of its own takes that of ws', async (t) => {
  const { WebSocket } = await import('ws');
  const name = await makeCircle(t);
  const circle = clientOf(t, 'ada', { WebSocket }).circle(name);
  await circle.post('by ws');
  const [event] = await take(circle.open({ since: 0 }).events(), 1, message);
  assert.equal(event.data.content, 'by ws');
});

test('a position that was never reached is reset, with the snapshot of REST', async (t) => {
  const name = await makeCircle(t);
  await clientOf(t, 'ada').circle(name).post('before');
  const shown = [];
  const snapshot = async (stream) => {
    const found = await stream.snapshot();
    shown.push(...found.messages.map(({ content }) => content));
    return found;
  };
  const circle = clientOf(t, 'bob').circle(name).open({ since: 999, snapshot });
  const [reset] = await take(circle.events(), 1);
  assert.equal(reset.data.reason, 'ahead');
  assert.deepEqual(shown, ['before']);
  assert.equal(circle.cursor.seq, 4);
});

test("the document's client works as the document has it", async (t) => {
  const { WebSocketClient } = await import('../../src/index.js');
  const name = await makeCircle(t);
  const client = new WebSocketClient(`${url.replace('http', 'ws')}/ws/circles/${name}?token=${tokens.robo}`);
  t.after(() => client.disconnect());
  assert.equal(client.maxReconnectAttempts, 5);
  const said = new Promise((resolve) => (client.onAgentMessage = resolve));
  const other = new Promise((resolve) => (client.onUnknown = resolve));
  client.onPresence = () => {};
  const welcomed = new Promise((resolve) => (client.onWelcome = resolve));
  client.connect();
  await welcomed;
  await clientOf(t, 'bob').circle(name).post('no handler for this');
  client.send({ type: 'agent_message', content: 'Hello' });
  assert.equal((await said).content, 'Hello');
  assert.equal((await other).type, 'user_message');
});

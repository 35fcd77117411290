/** Stores, credentials and waits. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { delay } from '../src/backoff.js';
import { Credentials } from '../src/credentials.js';
import { storageStore } from '../src/stores.js';
import { FakeHub, reaches } from './fake-hub.js';

function storage() {
  const kept = new Map();
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

test('a position in a storage is found again, by who has the same prefix', () => {
  const shared = storage();
  storageStore(shared, 'ada:').save('circles.dev', { seq: 7, epoch: 'a' });
  assert.deepEqual(storageStore(shared, 'ada:').load('circles.dev'), { seq: 7, epoch: 'a' });
  assert.equal(storageStore(shared, 'bob:').load('circles.dev'), null);
});

test('a storage that holds something else is told, and begins anew', async (t) => {
  const errors = [];
  const shared = storage();
  shared.setItem('gathering:circles.dev', 'something else');
  const hub = await FakeHub.start(t);
  const client = hub.client(t, { store: storageStore(shared), onError: ({ name }) => errors.push(name) });
  const circle = client.circle('dev').open();
  await hub.welcome({ head: 3 });
  await reaches(circle, ({ status }) => status === 'live');
  assert.deepEqual(errors, ['SyntaxError']);
  assert.equal(circle.cursor.seq, 3);
});

test('a token is asked for once, until it has ended', async () => {
  let asked = 0;
  const credentials = new Credentials({ token: async () => `token-${++asked}` });
  assert.deepEqual(await credentials.protocols(), ['gathering.v1', 'gathering.bearer.token-1']);
  assert.equal(await credentials.token(), 'token-1');
  assert.equal(credentials.forget(), true);
  assert.equal(await credentials.token(), 'token-2');
});

test('a ticket is asked for each time', async () => {
  let asked = 0;
  const credentials = new Credentials({ ticket: () => `ticket-${++asked}` });
  assert.deepEqual(await credentials.query(), { token: 'ticket-1' });
  assert.deepEqual(await credentials.query(), { token: 'ticket-2' });
  assert.deepEqual(await credentials.protocols(), ['gathering.v1']);
});

test('a provider that has no token ends it', async (t) => {
  const hub = await FakeHub.start(t);
  const { error } = await reaches(hub.client(t, { token: () => null }).circle('dev').open(), (s) => s.status === 'offline');
  assert.equal(error.code, 'not_authenticated');
});

test('a provider that fails is asked again', async (t) => {
  const hub = await FakeHub.start(t);
  let asked = 0;
  const token = async () => {
    if (++asked < 3) throw new Error('The login is away.');
    return 'at-last';
  };
  hub.client(t, { token }).circle('dev').open();
  assert.match((await hub.accept()).protocols, /bearer\.at-last/);
});

test('a token whose end is known is renewed on the living socket before that', async (t) => {
  const hub = await FakeHub.start(t);
  let asked = 0;
  const token = () => ({ token: `token-${++asked}`, expiresAt: Date.now() + 200 });
  hub.client(t, { token }).circle('dev').open();
  const side = await hub.welcome();
  assert.equal((await side.hear('refresh')).token, 'token-2');
  assert.equal((await side.hear('refresh')).token, 'token-3');
  assert.equal(hub.connections, 1);
});

test('waits are random, from nothing to twice as much each time, and never over the limit', (t) => {
  const timing = { base: 500, most: 30_000 };
  const levels = [0, 1, 2, 3, 6, 100];
  t.mock.method(Math, 'random', () => 1);
  assert.deepEqual(levels.map((level) => delay(timing, level)), [500, 1000, 2000, 4000, 30_000, 30_000]);
  t.mock.method(Math, 'random', () => 0);
  assert.deepEqual(levels.map((level) => delay(timing, level)), [0, 0, 0, 0, 0, 0]);
});

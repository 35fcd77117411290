/** Where WebSocket is blocked, and where what answers is no GatheRing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readEvents } from '../src/sse.js';
import { FakeHub, reaches } from './fake-hub.js';

test('a server that answers with HTML is named as that, and tried again', async (t) => {
  const hub = await FakeHub.start(t, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Sign in to the Wi-Fi</html>');
  });
  hub.server.close();
  const client = hub.client(t);
  client.circle('dev').open();
  const state = await reaches(client, ({ error }) => error?.code === 'bad_answer');
  assert.equal(state.status, 'reconnecting');
  assert.match(state.error.message, /200 text\/html/);
});

test('REST that answers with HTML is an error that says so', async (t) => {
  const hub = await FakeHub.start(t, (request, response) => {
    response.writeHead(502, { 'Content-Type': 'text/html' }).end('<html>Bad gateway</html>');
  });
  const snapshot = hub.client(t).circle('dev').snapshot();
  await assert.rejects(snapshot, { name: 'GatheringError', code: 'bad_answer', retryable: true });
});

test('without WebSocket, events come as Server-Sent Events', async (t) => {
  const asked = [];
  const hub = await FakeHub.start(t, (request, response) => {
    if (request.url.startsWith('/ws')) return response.writeHead(404).end();
    asked.push([request.headers.accept, request.url, request.headers.authorization]);
    if (request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`: here\n\nid: 6\ndata: ${JSON.stringify(event(6))}\n\n`);
    } else {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ epoch: 'a', head: 6, floor: 0, reset: null, events: [] }));
    }
  });
  hub.server.close();
  const { value } = await hub.client(t).circle('dev').events({ since: 5, epoch: 'a' }).next();
  assert.equal(value.seq, 6);
  const path = '/api/streams/circles.dev/events?';
  assert.deepEqual(asked.slice(0, 3), [
    ['application/json', '/healthz', 'Bearer secret'],
    ['application/json', `${path}limit=1&since=5&epoch=a`, 'Bearer secret'],
    ['text/event-stream', `${path}since=5&epoch=a`, 'Bearer secret'],
  ]);
});

test('a server that was away is no reason to do without WebSocket', async (t) => {
  const asked = [];
  const hub = await FakeHub.start(t, (request, response) => {
    asked.push(request.url);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  });
  let away = 2;
  hub.server.shouldHandle = () => away-- <= 0;
  const circle = hub.client(t).circle('dev').open();
  const asking = await hub.accept(); // whether there is a WebSocket
  await asking.hear('ping');
  asking.say('pong', {});
  await hub.welcome();
  if (circle.state.status !== 'live') await reaches(circle, ({ status }) => status === 'live');
  assert.deepEqual(asked, ['/healthz']);
});

test('once there is WebSocket, it is used again', async (t) => {
  const hub = await FakeHub.start(t, (request, response) => {
    const sse = request.headers.accept === 'text/event-stream';
    response.writeHead(200, { 'Content-Type': request.headers.accept });
    if (sse) response.write(': here\n\n');
    else response.end(JSON.stringify({ epoch: 'a', head: 0, floor: 0, reset: null, events: [] }));
  });
  let blocked = 3; // the third time it asks whether that is so
  hub.server.shouldHandle = () => blocked-- <= 0;
  const circle = hub.client(t).circle('dev').open();
  await reaches(circle, ({ status }) => status === 'live');
  await hub.welcome();
});

test('events are read whole, however the network cuts them', async () => {
  const text = ': here\n\nid: 1\nevent: message\ndata: {"content":"é 😀"}\n\n: still here\n\nevent: reset\ndata: {}\n\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size));
    const response = new Response(ReadableStream.from(pieces));
    const read = await Array.fromAsync(readEvents(response));
    assert.deepEqual(read, [
      null,
      { type: 'message', data: '{"content":"é 😀"}' },
      null,
      { type: 'reset', data: '{}' },
    ]);
  }
});

function event(seq) {
  return { type: 'user_message', data: {}, channel: 'circles.dev', timestamp: '', seq };
}

/** A server for tests that says what it is told to say: real sockets, no GatheRing behind them. */

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

import { GatheringClient } from '../src/index.js';

export const CHANNEL = 'circles.dev';
export const QUICK = { base: 5, most: 40, patience: 300, silence: 400, upgrade: 100 };

export class FakeHub {
  /** Sockets that were opened, and those who wait for one. */
  #sockets = [];
  #waiting = [];
  connections = 0;

  /** Listen on a free port until the test ends; `answer` is for what is no WebSocket. */
  static async start(t, answer = (request, response) => response.writeHead(404).end()) {
    const hub = new FakeHub();
    const http = createServer(answer);
    hub.server = new WebSocketServer({ server: http, handleProtocols: () => 'gathering.v1' });
    hub.server.on('connection', (socket, request) => hub.#take(new Side(socket, request)));
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    hub.url = `http://127.0.0.1:${http.address().port}`;
    t.after(() => {
      hub.server.clients.forEach((socket) => socket.terminate());
      http.closeAllConnections();
      http.close();
    });
    return hub;
  }

  /** A client of this hub; it ends with the test. */
  client(t, options) {
    const client = new GatheringClient({ url: this.url, token: 'secret', timing: QUICK, ...options });
    t.after(() => client.close());
    return client;
  }

  /** The next socket that is opened. */
  async accept() {
    return this.#sockets.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next socket, once it has subscribed to the channel and was made welcome. */
  async welcome(about) {
    const side = await this.accept();
    const { since, id } = await side.hear('subscribe');
    side.welcome({ resumed: since !== undefined, ...about });
    side.say('ack', { ref: id, seq: null });
    side.since = since;
    return side;
  }

  #take(side) {
    this.connections += 1;
    const waiting = this.#waiting.shift();
    if (waiting) waiting(side);
    else this.#sockets.push(side);
  }
}

/** The server's side of one socket. */
class Side {
  #heard = [];
  #waiting = [];

  constructor(socket, request) {
    this.socket = socket;
    this.address = request.url;
    this.protocols = request.headers['sec-websocket-protocol'];
    socket.on('message', (text) => this.#take(JSON.parse(text)));
  }

  /** The next frame of a type; others before it are dropped. */
  async hear(type) {
    for (;;) {
      const frame = this.#heard.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
      if (frame.type === type) return frame;
    }
  }

  say(type, data, { channel = CHANNEL, ...rest } = {}) {
    this.socket.send(JSON.stringify({ type, data, channel, timestamp: '2026-01-31T12:00:00.000000Z', ...rest }));
  }

  welcome(about) {
    const actor = { id: 1, name: 'ada', kind: 'person' };
    this.say('welcome', { channel: CHANNEL, epoch: 'a', head: 0, floor: 0, actor, resumed: false, ...about });
  }

  /** Say events of the log, by their seq. */
  events(...seqs) {
    for (const seq of seqs) this.say('user_message', { content: `${seq}` }, { seq });
  }

  ack({ id }, seq) {
    this.say('ack', { ref: id, seq });
  }

  refuse({ id }, code, retryable) {
    this.say('error', { ref: id ?? null, code, detail: 'No.', retryable });
  }

  #take(frame) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(frame);
    else this.#heard.push(frame);
  }
}

/** The first state of a stream or client for which `wanted` holds. */
export function reaches(watched, wanted) {
  return new Promise((resolve) => {
    const off = watched.watch((state) => {
      if (!wanted(state)) return;
      queueMicrotask(() => off());
      resolve(state);
    });
  });
}

/** A promise, and what resolves it. */
export function later() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

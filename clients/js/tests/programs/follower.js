/**
 * A program that follows a circle: it writes down each event that it handles, keeps its cursor in a file,
 * and does what it is told on standard input, one JSON object a line.
 */

import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { GatheringClient } from '../../src/index.js';

const { url, token, circle, since, directory, dieAt, ...options } = JSON.parse(process.argv[2]);
const CURSOR = `${directory}/cursor`;
const HANDLED = `${directory}/handled`;

/** A store of one's own: a file that is replaced whole. */
const store = {
  load() {
    try {
      return JSON.parse(readFileSync(CURSOR, 'utf8'));
    } catch {
      return { seq: since };
    }
  },
  save(channel, position) {
    if (position.seq === dieAt) process.kill(process.pid, 'SIGKILL');
    writeFileSync(`${CURSOR}.new`, JSON.stringify(position));
    renameSync(`${CURSOR}.new`, CURSOR);
  },
};

const client = new GatheringClient({
  url,
  token,
  store,
  timing: { base: 20, most: 250, patience: 700, silence: 900, upgrade: 2000 },
  onUnknown: () => {},
  ...options,
});
const stream = client.circle(circle);
stream.watch((state) => say({ state: state.status, why: state.error?.message }));
stream.on('*', ({ seq, data }) => seq && appendFileSync(HANDLED, `${seq} ${data.content ?? ''}\n`));
stream.open();

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { content, id } = JSON.parse(line);
  try {
    const { seq } = await stream.post(content, { id });
    say({ posted: id, seq });
  } catch (error) {
    say({ failed: id, code: error.code, why: error.message });
  }
});

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

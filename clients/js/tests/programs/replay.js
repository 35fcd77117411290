/** A program that has a circle replayed from its beginning, and says how long that took and in what memory. */

import { GatheringClient } from '../../src/index.js';

const { url, token, circle, head } = JSON.parse(process.argv[2]);
const client = new GatheringClient({ url, token });
globalThis.gc();
const before = process.memoryUsage();
const began = performance.now();
let handled = 0;
let last = 0;
for await (const { seq } of client.circle(circle).events({ since: 0 })) {
  if (!seq) continue; // who is here, say
  if (seq !== last + 1) throw new Error(`${seq} after ${last}`);
  last = seq;
  handled += 1;
  if (seq === head) break;
}
const seconds = (performance.now() - began) / 1000;
const after = process.memoryUsage();
globalThis.gc();
const kept = process.memoryUsage().heapUsed - before.heapUsed;
console.log(JSON.stringify({ handled, seconds, rss: after.rss - before.rss, kept }));
client.close();

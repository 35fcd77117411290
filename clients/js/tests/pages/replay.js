/** A page that has a circle replayed from its beginning, and says how long that took and in what memory. */

import { GatheringClient } from '../../src/index.js';

const { token, circle, head } = JSON.parse(document.getElementById('about').textContent);
const client = new GatheringClient({ token });
const before = performance.memory.usedJSHeapSize;
const began = performance.now();
let last = 0;
for await (const { seq } of client.circle(circle).events({ since: 0 })) {
  if (!seq) continue; // who is here, say
  if (seq !== last + 1) throw new Error(`${seq} after ${last}`);
  last = seq;
  if (seq === head) break;
}
const seconds = (performance.now() - began) / 1000;
const kept = performance.memory.usedJSHeapSize - before;
document.getElementById('root').textContent = JSON.stringify({ handled: last, seconds, kept });

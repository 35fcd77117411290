/**
 * One socket for the page. It follows every stream that the reader may see, from where the page was
 * rendered; parts of the page that say what they live on (`data-live`) are rendered anew by the server.
 */

import { GatheringClient } from '../client/index.js';
import { morph } from './morph.js';

const BURST = 4; // renderings of a part that need not wait, after a time of rest; the next ones come a pace apart
const SOON = 150; // milliseconds: what happens within them is one look at the server
const PATIENCE = 10_000; // milliseconds; an answer that hangs is asked for again

export const own = document.body.dataset.stream;
export const client = new GatheringClient({
  // Without a WebSocket each stream takes one of the six requests that a browser has: none is left for the page.
  transport: 'websocket',
  onUnknown: () => {},
  timing: { base: 300, most: 10_000 },
});

let positions = JSON.parse(document.body.dataset.streams || '{}');
const due = new Map(); // id of a part -> from when on it may be rendered
const spent = new Map(); // id of a part -> until when its renderings have used up its time, a pace each
let timer;
let asking = []; // ids of the parts that the server is asked for

/** Begin to follow; called once all handlers are in place. */
export function follow() {
  document.addEventListener('visibilitychange', plan);
  for (const channel of Object.keys(positions)) {
    const stream = client.stream(channel);
    stream.on('*', (frame) => frame.seq && heard(channel, [frame.type, frame.data.type]));
    stream.watch((state) => lost(channel, state));
    stream.open({ since: positions[channel].seq, epoch: positions[channel].epoch, snapshot: anew });
  }
}

/** What the reader may see no more goes from the page; who is signed out from everything stays, and the badge says so. */
function lost(channel, { status, error }) {
  if (status !== 'offline' || error?.code !== 'access_withdrawn' || client.state.status === 'offline') return;
  if (channel === own) location.reload();
  else for (const id of ['places', 'home']) refresh(id);
}

/** Ask the server for the parts of the page that live on such an event; one of an agent has a type of its own, too. */
function heard(channel, types) {
  for (const part of document.querySelectorAll('[data-live]')) {
    if (part.dataset.live.split(' ').some((on) => livesOn(on, channel, types))) refresh(part.id);
  }
}

/**
 * Render a part of the page anew, soon; in the long run not more often than its `data-pace` in seconds.
 * @param {string} id
 * @param {number} [soon] Milliseconds from now, at least.
 */
export function refresh(id, soon = SOON) {
  const at = Math.max(Date.now() + soon, (spent.get(id) ?? 0) - (BURST - 1) * pace(id));
  if (!(due.get(id) <= at)) due.set(id, at);
  plan();
}

const pace = (id) => 1000 * (document.getElementById(id)?.dataset.pace ?? 0);

/** Whether a part is being rendered; what happened meanwhile may be in it or not. */
export const isAsked = (id) => asking.includes(id);

function livesOn(on, channel, told) {
  const [name, types] = on.split(':');
  const named = name === channel || (name.endsWith('.*') && channel.startsWith(name.slice(0, -1)));
  return named && (!types || types.split(',').some((type) => told.includes(type)));
}

/** A page that nobody sees asks for nothing; once it is seen, for all that it missed. */
function plan() {
  clearTimeout(timer);
  if (due.size && !asking.length && !document.hidden) timer = setTimeout(look, Math.min(...due.values()) - Date.now());
}

async function look() {
  const ids = [...due.keys()].filter((id) => due.get(id) <= Date.now() + SOON);
  asking = ids;
  for (const id of ids) {
    due.delete(id);
    spent.set(id, Math.max(Date.now(), spent.get(id) ?? 0) + pace(id));
  }
  try {
    await render(ids);
  } catch {
    ids.forEach((id) => refresh(id, 1000));
  }
  asking = [];
  plan();
}

async function render(ids) {
  const parts = ids.map((id) => document.getElementById(id)).filter(Boolean);
  const sources = new Set(parts.map((part) => part.dataset.source ?? location.href));
  const documents = new Map(await Promise.all([...sources].map(async (url) => [url, await fetched(url)])));
  for (const part of parts) {
    const fresh = documents.get(part.dataset.source ?? location.href).getElementById(part.id);
    if (fresh) morph(part, fresh);
  }
  document.dispatchEvent(new CustomEvent('rendered'));
}

async function fetched(url) {
  const answer = await fetch(url, { headers: { Accept: 'text/html' }, signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 404 || answer.redirected) return location.reload();
  if (!answer.ok) throw new Error(`The server answers ${answer.status}.`);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** After a `reset`: the page as it is now, and the place in the stream that it stands for. */
async function anew(stream) {
  const page = await fetched(location.href);
  positions = JSON.parse(page.body.dataset.streams);
  for (const part of document.querySelectorAll('[data-live]')) refresh(part.id);
  document.dispatchEvent(new CustomEvent('anew', { detail: page }));
  return positions[stream.channel] ?? { seq: 0 };
}

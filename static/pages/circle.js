/** A circle: what is said comes as it is said, each message rendered by the server as on any page. */

import { atEnd, fetched, followsEnd, last, list, loadOlder, log, place, steadily, trim } from './conversation.js';
import { forget, forgetAll, wrote } from './drafts.js';
import { presence, showPresence, stopped, typing } from './here.js';
import { client, own } from './live.js';
import * as reading from './reading.js';
import * as saying from './saying.js';
import './page.js';

const LOOKS = 30; // a second each, while the connection lives
const AT_ONCE = 100; // messages in one question
const me = document.body.dataset.me;
const toEnd = document.getElementById('to-end');
const circle = client.stream(own);
const wanted = new Map(); // id -> the frame that told of it
let asking = false;

circle.on('user_message', said);
circle.on('agent_message', said);
circle.on('message_delta', (frame) => followsEnd() && wrote(frame));
circle.on('typing', typing);
circle.on('presence', presence);
document.addEventListener('rendered', showPresence);
document.addEventListener('visibilitychange', ask);
document.addEventListener('anew', ({ detail }) => begunAnew(detail));
log.addEventListener('scroll', () => (toEnd.hidden = atEnd()), { passive: true });
toEnd.addEventListener('click', (event) => (event.preventDefault(), (log.scrollTop = 0)));
loadOlder();
saying.listen();
reading.listen();

function said(frame) {
  stopped(frame.data.sender);
  if (!followsEnd() || document.getElementById(`m${frame.data.id}`)) return gone(frame.data);
  wanted.set(frame.data.id, frame.data);
  ask();
}

/** What came together is asked for together, once somebody looks; what cannot be had now is asked for again. */
async function ask() {
  if (asking) return;
  asking = true;
  while (wanted.size && !document.hidden) {
    const ids = [...wanted.keys()].slice(0, AT_ONCE);
    try {
      const found = await fetched(`ids=${ids.join()}`);
      steadily(() => found.forEach(show));
      trim();
      if (found.length < ids.length) throw new Error('Some are missing.');
    } catch {
      ids.forEach(missed);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  asking = false;
  reading.look();
}

/** In the same moment the message comes and what stood for it goes. */
function show(message) {
  const data = wanted.get(Number(message.dataset.id));
  place(message);
  wanted.delete(Number(message.dataset.id));
  if (data) gone(data);
}

/** What was told and is never found is gone with its circle; a server that is away for long is not that. */
function missed(id) {
  const data = wanted.get(id);
  if (!data || client.state.status !== 'live') return;
  data.looks = (data.looks ?? 0) + 1;
  if (data.looks > LOOKS) wanted.delete(id);
}

function gone({ sender, content, draft }) {
  if (draft) forget(sender, draft);
  if (sender === me) saying.arrived(content);
}

/** After a reset: what the page would show now, beside what it shows already. */
function begunAnew(page) {
  forgetAll();
  if (!followsEnd()) return;
  const fresh = [...page.querySelectorAll('#messages .message')];
  const first = Number(fresh[0]?.dataset.id ?? 0);
  if (Number(last()?.dataset.id ?? 0) < first) list.querySelectorAll('.message[data-id], .day').forEach((old) => old.remove());
  steadily(() => fresh.forEach(place));
}

/** How far the reader has seen: told to the server, so that it holds on every device. */

import { atEnd, followsEnd, last, list, log } from './conversation.js';
import { refresh } from './live.js';

let seen = Number(list.dataset.readTo);
let timer;

export function listen() {
  if (!list.dataset.readTo) return; // staff who do not belong to the circle have nothing to remember
  log.addEventListener('scroll', look, { passive: true });
  document.addEventListener('visibilitychange', look);
  addEventListener('pagehide', tell); // who leaves at once has seen it, too
  look();
}

/** Something came, or came into sight. */
export function look() {
  timer ??= setTimeout(tell, 400);
}

async function tell() {
  timer = undefined;
  const id = Number(last()?.dataset.id ?? 0);
  if (document.hidden || !atEnd() || !followsEnd() || !list.dataset.readTo || id <= seen) return;
  const body = new FormData();
  body.set('message', id);
  body.set('csrfmiddlewaretoken', document.querySelector('[name=csrfmiddlewaretoken]').value);
  const answer = await fetch(list.dataset.read, { method: 'POST', body, keepalive: true }).catch(() => null);
  if (!answer?.ok) return; // the next message, or the next visit, tells it again
  seen = id;
  refresh('places');
}

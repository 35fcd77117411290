/** How far the reader has seen: told to the server, so that it holds on every device. */

import { atEnd, followsEnd, last, list, log } from './conversation.js';
import { own } from './live.js';
import { clear, lookAgain, readWhile } from './unread.js';

const SOON = 400; // milliseconds from seeing to telling
const RESTS = 3000; // between two times of telling: other devices can wait, and the server has other readers
let seen = Number(list.dataset.readTo);
let told = 0;
let timer;

export function listen() {
  if (!list.dataset.readTo) return; // staff who do not belong to the circle have nothing to remember
  readWhile(() => atEnd() && followsEnd());
  log.addEventListener('scroll', look, { passive: true });
  document.addEventListener('visibilitychange', look);
  addEventListener('pagehide', leave);
  look();
}

/** Who leaves at once has seen it, too; the next page was rendered before that is told, and looks again. */
function leave() {
  if (untold()) lookAgain();
  tell();
}

/** Something came, or came into sight. */
export function look() {
  timer ??= setTimeout(tell, Math.max(SOON, told + RESTS - Date.now()));
}

/** The id of the last message in sight, if the server does not know that it was seen. */
function untold() {
  const id = Number(last()?.dataset.id ?? 0);
  return !document.hidden && atEnd() && followsEnd() && id > seen ? id : 0;
}

async function tell() {
  timer = undefined;
  const id = untold();
  if (!id || !list.dataset.readTo) return;
  told = Date.now();
  const body = new FormData();
  body.set('message', id);
  body.set('csrfmiddlewaretoken', document.querySelector('[name=csrfmiddlewaretoken]').value);
  const answer = await fetch(list.dataset.read, { method: 'POST', body, keepalive: true }).catch(() => null);
  if (!answer || answer.status >= 500) return look();
  if (!answer.ok) return; // the reader may not any more
  seen = id;
  clear(own);
}

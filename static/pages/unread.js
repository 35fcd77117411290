/**
 * What is unread, counted as it comes: beside each circle on the left, and in the title while nobody looks.
 * The server counts better, since the reader reads elsewhere, too: it is asked now and then.
 */

import { client, isAsked, own, refresh } from './live.js';

const HEALS = 20_000; // milliseconds
const MANY = 99;
const AGAIN = 'look again';
const me = document.body.dataset.me;
const title = document.title;
const tabs = new BroadcastChannel(`read ${me}`); // the reader's others, in this browser
let missed = 0;
let reads = () => false;

export function countUnread() {
  for (const place of document.querySelectorAll('#places [id^="place-circles."]')) {
    const channel = place.id.slice('place-'.length);
    for (const type of ['user_message', 'agent_message']) client.stream(channel).on(type, ({ data }) => said(channel, data.sender));
  }
  document.addEventListener('visibilitychange', seen);
  // The server is told a moment later what is in sight here, and may not know it yet.
  document.addEventListener('rendered', () => own && !document.hidden && reads() && show(own, 0));
  if (sessionStorage.getItem(AGAIN)) for (const id of ['places', 'home']) refresh(id);
  sessionStorage.removeItem(AGAIN);
  tabs.addEventListener('message', ({ data }) => (show(data, 0), refresh('places'), refresh('home')));
}

/**
 * The page shows its own stream as it comes.
 * @param {() => boolean} when Whether what comes is in sight.
 */
export function readWhile(when) {
  reads = when;
}

/** The next page in this tab was rendered a moment too early. */
export function lookAgain() {
  sessionStorage.setItem(AGAIN, 'yes');
}

/** The reader has seen all of a circle. */
export function clear(channel) {
  show(channel, 0);
  tabs.postMessage(channel);
  if (isAsked('places')) refresh('places');
}

function said(channel, sender) {
  if (sender === me) return;
  if (document.hidden) document.title = `(${++missed}) ${title}`;
  else if (channel === own && reads()) return;
  show(channel, count(channel) + 1);
  refresh('places', HEALS);
}

function seen() {
  if (document.hidden) return;
  missed = 0;
  document.title = title;
  refresh('places');
}

const link = (channel) => document.getElementById(`place-${channel}`)?.querySelector('a');
const count = (channel) => parseInt(link(channel)?.querySelector('.count')?.textContent ?? '0', 10);

function show(channel, number) {
  const place = link(channel);
  if (!place) return;
  place.classList.toggle('unread', number > 0);
  let badge = place.querySelector('.count');
  if (!number) return badge?.remove();
  if (!badge) place.append((badge = Object.assign(document.createElement('span'), { className: 'count' })));
  const unit = Object.assign(document.createElement('span'), { className: 'unseen', textContent: ' unread' });
  badge.replaceChildren(number > MANY ? `${MANY}+` : String(number), unit);
}

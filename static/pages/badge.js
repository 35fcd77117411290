/** The connection badge: at every moment what is true, and nothing more hopeful. */

import { client, own } from './live.js';

const ENDED = {
  not_authenticated: 'signed out',
  access_withdrawn: 'signed out',
  token_expired: 'signed out',
  not_found: 'access withdrawn',
};

export function watch() {
  client.watch(keepTrue(document.getElementById('connection'), standing, ENDED));
}

/** How it stands with the page: with the stream that it is about, if that has ended, or else with all. */
function standing() {
  const lost = own && client.stream(own).state;
  return lost?.status === 'offline' ? lost : client.state;
}

/**
 * A function that shows on `badge` how it stands, to be called when that changes.
 * @param {HTMLElement} badge
 * @param {() => import('../client/index.js').State} standing
 * @param {Record<string, string>} ended What to say of an end, by the code of its error.
 */
export function keepTrue(badge, standing, ended) {
  const word = badge.querySelector('.word');
  const counted = document.createElement('span');
  counted.setAttribute('aria-hidden', 'true'); // else each second would be read out
  let tick;
  function show() {
    clearTimeout(tick);
    const state = standing();
    const { mood, text, count = '' } = said(state, ended);
    if (badge.dataset.state !== mood) badge.dataset.state = mood;
    if (word.firstChild?.data !== text) word.replaceChildren(text, counted);
    if (counted.textContent !== count) counted.textContent = count;
    if (state.status === 'reconnecting') tick = setTimeout(show, 500);
  }
  addEventListener('online', show);
  addEventListener('offline', show);
  return show;
}

function said({ status, behind, at, error }, ended) {
  if (error?.code in ended) return { mood: 'lost', text: ended[error.code] };
  if (!navigator.onLine) return { mood: 'lost', text: 'offline' };
  switch (status) {
    case 'live': return { mood: 'live', text: 'live' };
    case 'catching_up': return { mood: 'late', text: 'catching up', count: behind ? ` (${behind})` : '' };
    case 'connecting': return { mood: 'late', text: 'connecting' };
    case 'reconnecting': return { mood: 'late', text: 'reconnecting', count: waiting(at) };
    case 'offline': return { mood: 'lost', text: 'offline' };
    default: return { mood: 'off', text: 'not live' };
  }
}

function waiting(at) {
  const seconds = Math.ceil(((at ?? 0) - Date.now()) / 1000);
  return seconds > 0 ? ` in ${seconds} s` : '';
}

/** The connection badge: at every moment what is true, and nothing more hopeful. */

import { client, own } from './live.js';

const badge = document.getElementById('connection');
const word = badge.querySelector('.word');
const ENDED = ['not_authenticated', 'access_withdrawn', 'token_expired'];
const GONE = 'not_found';
let tick;

export function watch() {
  client.watch(show);
  addEventListener('online', () => show(client.state));
  addEventListener('offline', () => show(client.state));
}

function show(state) {
  clearTimeout(tick);
  const lost = own && client.stream(own).state;
  const { mood, text } = said(lost?.status === 'offline' ? lost : state);
  if (badge.dataset.state !== mood) badge.dataset.state = mood;
  if (word.textContent !== text) word.textContent = text;
  if (state.status === 'reconnecting') tick = setTimeout(() => show(client.state), 500);
}

function said({ status, behind, at, error }) {
  if (error && ENDED.includes(error.code)) return { mood: 'lost', text: 'signed out' };
  if (error?.code === GONE) return { mood: 'lost', text: 'access withdrawn' };
  if (!navigator.onLine) return { mood: 'lost', text: 'offline' };
  switch (status) {
    case 'live': return { mood: 'live', text: 'live' };
    case 'catching_up': return { mood: 'late', text: behind ? `catching up (${behind})` : 'catching up' };
    case 'connecting': return { mood: 'late', text: 'connecting' };
    case 'reconnecting': return { mood: 'late', text: waiting(at) };
    case 'offline': return { mood: 'lost', text: 'offline' };
    default: return { mood: 'off', text: 'not live' };
  }
}

function waiting(at) {
  const seconds = Math.ceil(((at ?? 0) - Date.now()) / 1000);
  return seconds > 0 ? `reconnecting in ${seconds} s` : 'reconnecting';
}

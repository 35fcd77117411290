/** The list of messages: what comes goes to its place, older ones come in as the reader goes up. */

import { day } from './times.js';

export const list = document.getElementById('messages');
export const log = document.getElementById('log');
const TOGETHER = 5 * 60_000;
const MANY = 400; // messages in the page; beyond, the oldest leave once the reader is at the end
const KEPT = 150;
const QUIET = 500; // milliseconds after which a screen reader has passed over what was put in
const PATIENCE = 10_000; // milliseconds; an answer that hangs is asked for again

/** Whether the reader sees the end. The scroller is turned round, so its end is 0. */
export const atEnd = () => log.scrollTop > -40;
export const followsEnd = () => list.dataset.atEnd === 'yes';
export const last = () => [...list.querySelectorAll('.message[data-id]')].at(-1);

/**
 * Do something to the list; a reader who is not at the end keeps what is in sight.
 * @param {() => void} change
 */
export function steadily(change) {
  const stays = !atEnd();
  const height = log.scrollHeight;
  change();
  if (stays) log.scrollTop -= log.scrollHeight - height;
}

/**
 * Messages as the server rendered them.
 * @param {string} query
 * @returns {Promise<Element[]>}
 */
export async function fetched(query) {
  const answer = await fetch(`${list.dataset.fragment}?${query}`, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok || answer.redirected) throw new Error(`The server answers ${answer.status}.`);
  const holder = document.createElement('template');
  holder.innerHTML = await answer.text();
  return [...holder.content.querySelectorAll('.message, .older')];
}

/**
 * Put a message where it belongs by its id; one that is there already stays as it is.
 * @param {Element} message
 * @returns {boolean} Whether it is new.
 */
export function place(message) {
  if (document.getElementById(message.id)) return false;
  const id = Number(message.dataset.id);
  let next = list.querySelector('.message:not([data-id])'); // lines that are no messages yet stay at the end
  const all = list.querySelectorAll('.message[data-id]');
  for (let index = all.length - 1; index >= 0 && Number(all[index].dataset.id) > id; index--) next = all[index];
  list.insertBefore(message, separator(next) ?? next);
  settle(message);
  settle(following(message));
  document.getElementById('empty')?.remove();
  return true;
}

/** Put a line that is no message yet at the end. */
export function append(line) {
  list.append(line);
  settle(line);
}

/** Take such a line away. */
export function take(line) {
  const after = following(line);
  separator(line)?.remove();
  line.remove();
  settle(after);
}

/** Older messages come in as their link comes into sight; it works without this, too. */
export function loadOlder() {
  const older = document.getElementById('older');
  if (!older) return;
  let loading = false;
  const load = async () => {
    const first = list.querySelector('.message[data-id]');
    if (loading || !first) return;
    loading = true;
    try {
      prepend(await fetched(`before=${first.dataset.id}`), older);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    loading = false;
    if (older.isConnected && near(older)) load();
  };
  older.addEventListener('click', (event) => (event.preventDefault(), load()));
  new IntersectionObserver(([entry]) => entry.isIntersecting && load(), { root: log, rootMargin: '600px' }).observe(older);
}

/** A page that is open all day does not grow all day. */
export function trim() {
  const all = list.querySelectorAll('.message[data-id]');
  const older = document.getElementById('older');
  if (all.length < MANY || !atEnd() || !older) return;
  const first = all[all.length - KEPT];
  while (list.firstElementChild !== first) list.firstElementChild.remove();
  settle(first);
  older.hidden = false;
}

/** What is older is there to be read, and is not read out as what is new. */
function prepend(found, older) {
  list.setAttribute('aria-live', 'off');
  setTimeout(() => list.setAttribute('aria-live', 'polite'), QUIET);
  const messages = found.filter((each) => each.matches('.message'));
  const first = list.querySelector('.message[data-id]');
  list.prepend(...messages);
  messages.forEach(settle);
  settle(first);
  older.hidden = !found.some((each) => each.matches('.older'));
}

/** The line of a new day before a message, and whether it shares the head of the one before. */
function settle(message) {
  if (!message) return;
  const before = preceding(message);
  const moment = new Date(message.dataset.at);
  const began = before && new Date(before.dataset.at);
  const newDay = !began || began.toDateString() !== moment.toDateString();
  const line = separator(message);
  if (newDay && !line) message.before(dayLine(moment));
  if (!newDay) line?.remove();
  const same = !newDay && before.dataset.author === message.dataset.author && moment - began < TOGETHER;
  message.classList.toggle('same', same && !('reply' in message.dataset));
}

function dayLine(moment) {
  const line = document.createElement('li');
  line.className = 'day';
  line.append(Object.assign(document.createElement('span'), { textContent: day(moment) }));
  return line;
}

function separator(message) {
  const line = message?.previousElementSibling;
  if (line?.matches('.new')) return line.previousElementSibling?.matches('.day') ? line.previousElementSibling : null;
  return line?.matches('.day') ? line : null;
}

function preceding(message) {
  let before = message.previousElementSibling;
  while (before && !before.matches('.message')) before = before.previousElementSibling;
  return before;
}

function following(message) {
  let after = message.nextElementSibling;
  while (after && !after.matches('.message')) after = after.nextElementSibling;
  return after;
}

function near(element) {
  return !element.hidden && element.getBoundingClientRect().bottom > log.getBoundingClientRect().top - 600;
}

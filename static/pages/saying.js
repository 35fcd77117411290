/** The form at the end: what is sent shows at once, turns solid when the server has it, and can be tried again. */

import { append, fetched, followsEnd, list, log, place, steadily, take } from './conversation.js';
import { lineOf, make } from './lines.js';
import { client, own } from './live.js';
import { complete } from './naming.js';

const me = document.body.dataset.me;
const form = document.getElementById('say');
const kept = `unsent ${me} ${own}`; // whoever signs in next in this tab says nothing for the one before
const TYPING = 3000;
const LATE = 3000; // milliseconds from an answer to the event that it tells of: far more than usual
const REASONS = {
  not_authenticated: 'You are signed out. This is kept, and goes out once you have signed in again in this tab.',
  frame_too_large: 'This is too long for one message. Discard it, and say it in parts.',
};
const LAST = '9223372036854775807'; // no message has a greater id
const unsent = new Map(); // by id, in order
let typed = 0;

export function listen() {
  // Whether one may post here is what the page says, now or when it is rendered anew.
  document.addEventListener('rendered', () => stand(!document.getElementById('closed').hidden));
  if (!form) return;
  const text = form.elements.content;
  complete(text, document.getElementById('names'));
  form.addEventListener('submit', (event) => (event.preventDefault(), submit()));
  text.addEventListener('keydown', pressed);
  text.addEventListener('input', wasTyped);
  form.querySelector('.cancel').addEventListener('click', (event) => (event.preventDefault(), answer(null)));
  list.addEventListener('click', (event) => {
    const link = event.target.closest('[data-reply-to]');
    if (link) event.preventDefault(), answer(link);
  });
  for (const letter of JSON.parse(sessionStorage.getItem(kept) ?? '[]')) send(letter);
}

/** The reader's own message has come: the line that stood for it goes. Returns whether there was one. */
export function arrived(content) {
  const [id] = [...unsent].find(([, letter]) => letter.content === content) ?? [];
  if (!id) return;
  take(unsent.get(id).line);
  unsent.delete(id);
  keep();
}

/** Who was made more than an observer gets a form with the page. */
function stand(closed) {
  if (form) form.hidden = closed;
  else if (!closed) location.reload();
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === 'Enter' && !event.shiftKey) event.preventDefault(), form.requestSubmit();
  if (event.key === 'Escape') form.elements.reply_to.value ? answer(null) : event.target.blur();
}

function wasTyped() {
  document.getElementById('say-wrong').textContent = '';
  if (Date.now() - typed < TYPING) return;
  typed = Date.now();
  client.stream(own).typing();
}

function submit() {
  const { content, reply_to } = form.elements;
  if (!content.value.trim()) return;
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  send({ id, content: content.value, reply_to: Number(reply_to.value) || undefined });
  content.value = '';
  answer(null);
  log.scrollTop = 0;
}

function send(letter) {
  const { line, text } = lineOf(me, 'pending', letter.reply_to);
  text.textContent = letter.content;
  line.append(make('p', 'unsent', 'not sent yet'));
  unsent.set(letter.id, { ...letter, line });
  keep();
  steadily(() => append(line));
  post(letter, line);
}

async function post({ id, content, reply_to }, line) {
  try {
    await client.stream(own).post(content, { id, ...(reply_to && { reply_to }) });
    line.classList.remove('pending');
    line.querySelector('.unsent, .retry')?.remove();
    if (!followsEnd()) return goToEnd(id);
    setTimeout(() => unsent.has(id) && look(id), LATE);
  } catch (error) {
    refuse(id, line, error);
  }
}

/** It was said from somewhere in the history, and stands where the conversation is by now. */
function goToEnd(id) {
  unsent.delete(id);
  keep();
  location.assign(`${form.action}#end`);
}

/** The server has it, and its event does not come: after a reset it was in what the page began anew with. */
async function look(id) {
  const found = await fetched(`before=${LAST}`).catch(() => null);
  if (!found) return void setTimeout(() => unsent.has(id) && look(id), LATE);
  found.filter((each) => each.matches('.message')).forEach(place);
  if (unsent.has(id)) take(unsent.get(id).line);
  unsent.delete(id);
  keep();
}

function refuse(id, line, error) {
  line.classList.replace('pending', 'refused');
  const isOut = error.code === 'not_authenticated';
  const said = make('p', 'retry', REASONS[error.code] ?? error.detail ?? error.message);
  said.setAttribute('role', 'alert');
  said.append(
    isOut ? button('Sign in', () => location.reload()) : button('Try again', () => again(id, line)),
    button('Discard', () => (take(line), unsent.delete(id), keep())),
  );
  line.querySelector('.unsent, .retry')?.remove();
  line.append(said);
}

function again(id, line) {
  line.querySelector('.retry').remove();
  line.classList.replace('refused', 'pending');
  post(unsent.get(id), line);
}

function button(words, act) {
  const made = Object.assign(make('button', 'small', words), { type: 'button' });
  made.addEventListener('click', act);
  return made;
}

/** A page that is loaded again sends what the last one could not; the id keeps it from being said twice. */
function keep() {
  const letters = [...unsent.values()].map(({ id, content, reply_to }) => ({ id, content, reply_to }));
  letters.length ? sessionStorage.setItem(kept, JSON.stringify(letters)) : sessionStorage.removeItem(kept);
}

function answer(link) {
  const shown = form.querySelector('.answering');
  form.elements.reply_to.value = link?.dataset.replyTo ?? '';
  shown.hidden = !link;
  if (!link) return;
  shown.querySelector('bdi').textContent = link.closest('.message').querySelector('.name').textContent;
  form.elements.content.focus();
}

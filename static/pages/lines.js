/** Lines that are no messages yet, made as the server makes messages, so that nothing moves when one becomes one. */

import { fetched } from './conversation.js';

const SHORT = 80; // characters of what is answered, as on the server

/**
 * A line with the head of a member, what it answers if it does, and an empty text.
 * @param {string} name
 * @param {string} kind `draft` or `pending`
 * @param {number} [answers]
 */
export function lineOf(name, kind, answers) {
  const member = document.querySelector(`#members li[data-name="${CSS.escape(name)}"]`);
  const line = make('li', `message ${kind}`);
  line.dataset.author = name;
  line.dataset.at = new Date().toISOString();
  const text = make('div', 'text plain');
  text.dir = 'auto';
  const initial = member?.querySelector('.initial').cloneNode(true) ?? make('span', 'initial person', name[0].toUpperCase());
  line.append(initial, headOf(name, member), text);
  if (answers) {
    line.dataset.reply = '';
    text.before(replyTo(answers));
  }
  return { line, text };
}

export function make(tag, className, text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function headOf(name, member) {
  const called = member?.dataset.called ?? name;
  const head = make('p', 'head');
  head.append(make('bdi', 'name', called));
  if (called.toLowerCase() !== name) head.append(' ', make('span', 'quiet', `@${name}`));
  if (member?.dataset.kind === 'agent') head.append(' ', make('span', 'tag', 'agent'));
  head.append(' ', make('span', 'when', 'now'));
  return head;
}

/** What is answered stands there at once; its words come when they are known. */
function replyTo(id) {
  const line = make('p', 'reply');
  const link = make('a', '', '…');
  link.href = `${location.pathname}?at=${id}#m${id}`;
  line.append(link);
  const known = document.getElementById(`m${id}`);
  if (known) say(link, known);
  else fetched(`ids=${id}`).then(([found]) => found && say(link, found)).catch(() => {});
  return line;
}

function say(link, message) {
  const words = message.querySelector('.text').textContent.trim().replaceAll(/\s+/g, ' ');
  const short = words.length > SHORT ? `${words.slice(0, SHORT - 1)}…` : words;
  link.replaceChildren(make('span', 'unseen', 'Answers '), make('bdi', '', message.querySelector('.name').textContent), `: ${short}`);
}

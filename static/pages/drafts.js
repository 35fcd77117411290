/** Lines that are no messages yet: what an agent is writing, and what the reader has just sent. */

import { list, steadily } from './conversation.js';

const STALE = 120_000; // milliseconds without a word, after which what was begun is taken away
const drafts = new Map();

/** Take in a piece of what an agent writes. */
export function wrote({ data }) {
  const key = `${data.sender}/${data.draft}`;
  if (data.ended) return forget(data.sender, data.draft);
  const draft = drafts.get(key) ?? begin(key, data.sender);
  const piece = [...data.delta];
  const known = draft.length - data.offset; // characters that we have already
  if (known >= piece.length && piece.length) return;
  const gap = known < 0 ? '…' : '';
  draft.length = data.offset + piece.length;
  clearTimeout(draft.timer);
  draft.timer = setTimeout(() => forget(data.sender, data.draft), STALE);
  steadily(() => draft.text.append(gap + piece.slice(Math.max(0, known)).join('')));
}

/** What was written has become a message, or was given up. */
export function forget(sender, id) {
  const key = `${sender}/${id}`;
  const draft = drafts.get(key);
  if (!draft) return;
  clearTimeout(draft.timer);
  drafts.delete(key);
  steadily(() => draft.line.remove());
}

export function forgetAll() {
  for (const draft of drafts.values()) draft.line.remove();
  drafts.clear();
}

/**
 * A line with the head of a member, and an empty text.
 * @param {string} name
 * @param {string} kind `draft` or `pending`
 */
export function lineOf(name, kind) {
  const member = document.querySelector(`#members li[data-name="${CSS.escape(name)}"]`);
  const line = make('li', `message ${kind}`);
  line.dataset.author = name;
  const head = make('p', 'head');
  head.append(make('bdi', 'name', member?.dataset.called ?? name));
  if (member?.dataset.kind === 'agent') head.append(' ', make('span', 'tag', 'agent'));
  const text = make('div', 'text plain');
  text.dir = 'auto';
  const initial = member?.querySelector('.initial').cloneNode(true) ?? make('span', 'initial person', name[0].toUpperCase());
  line.append(initial, head, text);
  return { line, text };
}

export function make(tag, className, text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function begin(key, sender) {
  const draft = { ...lineOf(sender, 'draft'), length: 0 };
  drafts.set(key, draft);
  draft.line.setAttribute('aria-busy', 'true');
  steadily(() => list.append(draft.line));
  return draft;
}

/** What agents are writing: it shows as it comes, and stands where its message will stand. */

import { append, steadily, take } from './conversation.js';
import { lineOf, make } from './lines.js';

const STALE = 120_000; // milliseconds without a word, after which what was begun is taken away
const drafts = new Map();

/** Take in a piece of what an agent writes. */
export function wrote({ data }) {
  const key = `${data.sender}/${data.draft}`;
  if (data.ended) return forget(data.sender, data.draft);
  const draft = drafts.get(key) ?? begin(key, data);
  const piece = [...data.delta];
  const known = draft.length - data.offset; // characters that we have already
  if (known >= piece.length && piece.length) return;
  const gap = known < 0 ? '…' : '';
  draft.length = data.offset + piece.length;
  clearTimeout(draft.timer);
  draft.timer = setTimeout(() => forget(data.sender, data.draft), STALE);
  steadily(() => write(draft.text, gap + piece.slice(Math.max(0, known)).join('')));
}

/** What was written has become a message, or was given up. */
export function forget(sender, id) {
  const key = `${sender}/${id}`;
  const draft = drafts.get(key);
  if (!draft) return;
  clearTimeout(draft.timer);
  drafts.delete(key);
  steadily(() => take(draft.line));
}

export function forgetAll() {
  for (const draft of drafts.values()) take(draft.line);
  drafts.clear();
}

function begin(key, { sender, reply_to }) {
  const draft = { ...lineOf(sender, 'draft', reply_to), length: 0 };
  drafts.set(key, draft);
  draft.text.append(make('p'));
  draft.line.setAttribute('aria-busy', 'true');
  steadily(() => append(draft.line));
  return draft;
}

/** Paragraphs are set apart as in the message, so that its lines stand where these stood. */
function write(text, piece) {
  const last = text.lastElementChild;
  const [first, ...more] = (last.textContent + piece).split(/\n\s*\n/);
  last.textContent = first;
  text.append(...more.map((paragraph) => make('p', '', paragraph)));
}

/**
 * An agent at work: the server renders what is done, and what is being written shows letter by letter.
 *
 * Each delta says how many characters came before it, and the page how many it was rendered with; so a text
 * that began before the page was there grows without a letter that is missing or doubled.  What was told before
 * the page listened is stored within a second: then, and whenever letters are missing, it is rendered anew.
 */

import { client, own, refresh } from './live.js';
import './page.js';

const STORED = 1500; // milliseconds in which the server stores what it has passed on; it does so each second
const GOES_ON = {
  TEXT_MESSAGE_CONTENT: ['text', 'messageId'],
  TEXT_MESSAGE_CHUNK: ['text', 'messageId'],
  REASONING_MESSAGE_CONTENT: ['reasoning', 'messageId'],
  REASONING_MESSAGE_CHUNK: ['reasoning', 'messageId'],
  TOOL_CALL_ARGS: ['tool', 'toolCallId'],
  TOOL_CALL_CHUNK: ['tool', 'toolCallId'],
};
const BEGINS = { TEXT_MESSAGE_START: 'text', REASONING_MESSAGE_START: 'reasoning', TOOL_CALL_START: 'tool' };
const ENDS = { TEXT_MESSAGE_END: 'text', REASONING_MESSAGE_END: 'reasoning', TOOL_CALL_END: 'tool' };
const written = new Map(); // by the id of an item: its text, how many characters that is, what came too early
let timer;

client.stream(own).on('agent_activity', ({ data, offset }) => {
  const named = data.messageId ?? data.toolCallId;
  if (data.type in BEGINS) written.set(`item-${BEGINS[data.type]}-${named}`, { text: '', length: 0, early: [] });
  if (data.type in ENDS) written.delete(`item-${ENDS[data.type]}-${named}`);
  if (data.type in GOES_ON && data.delta) goOn(itemOf(...GOES_ON[data.type], data), data.delta, offset);
});
client.watch(({ status }) => status === 'live' && document.querySelector('[data-written]') && lookAgain());
document.addEventListener('rendered', () => {
  for (const place of document.querySelectorAll('[data-written]')) catchUp(place.closest('.item').id, place);
});

/** A chunk that names nothing goes on with the last of its kind. */
function itemOf(kind, name, data) {
  return data[name] ? `item-${kind}-${data[name]}` : [...written.keys()].findLast((id) => id.startsWith(`item-${kind}-`));
}

function goOn(id, delta, offset) {
  if (!id) return;
  const place = placeOf(id);
  if (!written.has(id)) written.set(id, shownBy(place));
  const item = written.get(id);
  grow(item, delta, offset);
  if (place) show(place, item);
}

/** Add what is not there yet; what comes too early waits until the rest is known. */
function grow(item, delta, offset) {
  const piece = [...delta];
  if (offset > item.length) {
    item.early.push([delta, offset]);
    return lookAgain();
  }
  const fresh = piece.slice(item.length - offset);
  item.text += fresh.join('');
  item.length += fresh.length;
}

function lookAgain() {
  timer ??= setTimeout(() => ((timer = undefined), refresh('work')), STORED);
}

/** The page was rendered anew: whoever knows more, the page or the deltas, is right. */
function catchUp(id, place) {
  const item = written.get(id);
  if (!item) return;
  const rendered = shownBy(place);
  if (rendered.length > item.length) Object.assign(item, { text: rendered.text, length: rendered.length });
  const early = item.early.splice(0);
  for (const [delta, offset] of early) grow(item, delta, offset);
  show(place, item);
}

function show(place, { text, length }) {
  if (length >= Number(place.dataset.written) && place.textContent !== text) place.textContent = text;
}

const placeOf = (id) => document.getElementById(id)?.querySelector('[data-written]');
const shownBy = (place) => ({ text: place?.textContent ?? '', length: Number(place?.dataset.written ?? 0), early: [] });

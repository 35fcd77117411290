/**
 * An agent at work: the server renders what is done, and what is being written shows letter by letter.
 * Of what began while the page was open all letters are known; of the rest, those that come.
 */

import { client, own } from './live.js';
import './page.js';

const BEGINS = { TEXT_MESSAGE_START: 'messageId', REASONING_MESSAGE_START: 'messageId', TOOL_CALL_START: 'toolCallId' };
const GOES_ON = {
  TEXT_MESSAGE_CONTENT: ['text', 'messageId'],
  REASONING_MESSAGE_CONTENT: ['reasoning', 'messageId'],
  TOOL_CALL_ARGS: ['tool', 'toolCallId'],
};
const ENDS = { TEXT_MESSAGE_END: 'messageId', REASONING_MESSAGE_END: 'messageId', TOOL_CALL_END: 'toolCallId' };
const written = new Map(); // key -> {kind, text}

client.stream(own).on('agent_activity', ({ data }) => {
  if (data.type in BEGINS) written.set(data[BEGINS[data.type]], { text: '' });
  if (data.type in ENDS) written.delete(data[ENDS[data.type]]);
  if (data.type in GOES_ON && typeof data.delta === 'string') goOn(...GOES_ON[data.type], data);
});
document.addEventListener('rendered', () => written.forEach(({ kind, text }, key) => kind && show(kind, key, text)));

function goOn(kind, name, data) {
  const key = data[name];
  const known = written.get(key);
  if (!known) return place(kind, key)?.append(data.delta);
  known.kind = kind;
  known.text += data.delta;
  show(kind, key, known.text);
}

function show(kind, key, text) {
  const shown = place(kind, key);
  if (shown && shown.textContent.length < text.length) shown.textContent = text;
}

const place = (kind, key) => document.getElementById(`item-${kind}-${key}`)?.querySelector('[data-written]');

/** An agent at work: the server renders what is done, and what is being written shows letter by letter. */

import { client, own } from './live.js';
import './page.js';

const KINDS = {
  TEXT_MESSAGE_CONTENT: ['text', 'messageId'],
  REASONING_MESSAGE_CONTENT: ['reasoning', 'messageId'],
  TOOL_CALL_ARGS: ['tool', 'toolCallId'],
};

client.stream(own).on('agent_activity', ({ seq, data }) => {
  const [kind, key] = KINDS[data.type] ?? [];
  if (seq || !kind || typeof data.delta !== 'string') return; // the rest is rendered by the server
  const item = document.getElementById(`item-${kind}-${data[key]}`);
  item?.querySelector('[data-written]')?.append(data.delta);
});

/** What a view shows, from a snapshot and the events after it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { agentFold, circleFold, grow, workspaceFold } from '../react/folds.js';

const CIRCLE = { circle: { name: 'dev', status: 'active' }, members: [], messages: [], has_more: false };

function folded(fold, snapshot, ...frames) {
  return frames.reduce((view, { type, data, ...beside }) => fold.on[type](view, data, beside), fold.begin(snapshot));
}

const delta = (draft, text, offset) => ({
  type: 'message_delta',
  data: { draft, agent_id: 3, sender: 'robo', delta: text, offset },
});
const message = (id, content, draft = null) => ({
  type: 'agent_message',
  data: { id, agent_id: 3, sender: 'robo', content, draft, reply_to: null, mentions: [] },
});

test('a message that is being written grows, and becomes the message under the same key', () => {
  const writing = folded(circleFold, CIRCLE, delta('d', 'Hel', 0), delta('d', 'lo', 3));
  assert.deepEqual(writing.messages.map(({ key, content, streaming }) => [key, content, streaming]), [['robo/d', 'Hello', true]]);
  const done = circleFold.on.agent_message(writing, message(9, 'Hello!', 'd').data);
  assert.deepEqual(done.messages.map(({ key, content, streaming }) => [key, content, streaming]), [['robo/d', 'Hello!', false]]);
});

test('what is written says from its beginning what it answers', () => {
  const begun = delta('d', 'Yes', 0);
  const view = folded(circleFold, CIRCLE, { ...begun, data: { ...begun.data, reply_to: 8 } });
  assert.equal(view.messages[0].reply_to, 8);
});

test('a piece that comes twice, or after the message, changes nothing', () => {
  const view = folded(circleFold, CIRCLE, delta('d', 'Hel', 0), delta('d', 'Hel', 0), message(9, 'Hello', 'd'), delta('d', 'lo', 3));
  assert.deepEqual(view.messages.map(({ content }) => content), ['Hello']);
});

test('what is being written stands after what is there', () => {
  const view = folded(circleFold, CIRCLE, delta('d', 'wait', 0), message(8, 'other'));
  assert.deepEqual(view.messages.map(({ content }) => content), ['other', 'wait']);
});

test('a draft that is given up, or silent, goes', () => {
  const ended = { type: 'message_delta', data: { draft: 'd', sender: 'robo', agent_id: 3, ended: true } };
  assert.deepEqual(folded(circleFold, CIRCLE, delta('d', 'x', 0), ended).messages, []);
  assert.deepEqual(circleFold.tidy(folded(circleFold, CIRCLE, delta('d', 'x', 0))).messages, []);
});

test('a text grows by what it lacks, counted in characters, and shows what is missing', () => {
  assert.equal(grow('😀', 'b', 1), '😀b');
  assert.equal(grow('abc', 'bcd', 1), 'abcd');
  assert.equal(grow('abc', 'a', 0), 'abc');
  const gap = grow('', 'end', 5);
  assert.equal(gap.replaceAll('\u200b', ''), '…end');
  assert.equal(grow(gap, '!', 8).endsWith('…end!'), true);
});

test('who comes and goes is who is here', () => {
  const [ada, bob] = [{ id: 1, name: 'ada' }, { id: 2, name: 'bob' }];
  const says = (data) => ({ type: 'presence', data });
  const view = folded(circleFold, CIRCLE, says({ here: [ada] }), says({ came: [bob] }), says({ came: [bob] }), says({ left: [ada] }));
  assert.deepEqual(view.present, [bob]);
});

test('files come, change, move with what is in them, and go', () => {
  const snapshot = { workspace: {}, git: {}, commit: null, leases: [], files: [{ path: 'src', is_dir: true }], has_more: false };
  const view = folded(
    workspaceFold,
    snapshot,
    { type: 'file_created', data: { path: 'src/a.py', size: 1 } },
    { type: 'file_changed', data: { path: 'src/a.py', size: 2 } },
    { type: 'file_created', data: { path: 'srcs', size: 0 } },
    { type: 'file_moved', data: { path: 'lib', old_path: 'src', is_dir: true } },
    { type: 'file_deleted', data: { path: 'srcs' } },
  );
  assert.deepEqual(Object.keys(view.files).sort(), ['lib', 'lib/a.py']);
  assert.equal(view.files['lib/a.py'].size, 2);
});

test('what an agent does in a run is folded from its activity', () => {
  const does = (data, beside) => ({ type: 'agent_activity', data, ...beside });
  const view = folded(
    agentFold,
    { agent: { status: 'idle' } },
    does({ type: 'RUN_STARTED', runId: 'r', threadId: 'dev' }),
    { type: 'agent_status', data: { agent_id: 3, status: 'working', previous: 'idle' } },
    does({ type: 'TOOL_CALL_START', toolCallId: 't', toolCallName: 'read' }),
    does({ type: 'TOOL_CALL_ARGS', toolCallId: 't', delta: '{"path"' }, { offset: 0 }),
    does({ type: 'TOOL_CALL_END', toolCallId: 't' }, { content: '{"path":1}' }),
    does({ type: 'TOOL_CALL_RESULT', toolCallId: 't', content: 'text', metadata: { failed: true } }),
    does({ type: 'TEXT_MESSAGE_START', messageId: 'm' }),
    does({ type: 'TEXT_MESSAGE_CONTENT', messageId: 'm', delta: 'Hi' }, { offset: 0 }),
    does({ type: 'NEWS_OF_TOMORROW' }),
    does({ type: 'RUN_FINISHED' }),
  );
  assert.deepEqual(view.run, { runId: 'r', threadId: 'dev', status: 'finished' });
  assert.equal(view.agent.status, 'working');
  assert.deepEqual(view.activity, [
    { id: 't', kind: 'tool', name: 'read', content: '{"path":1}', result: 'text', failed: true, streaming: false },
    { id: 'm', kind: 'text', content: 'Hi', streaming: true },
  ]);
});

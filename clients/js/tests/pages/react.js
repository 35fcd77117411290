/** A page of React for tests: a circle by `useCircle`, and the document's own component by `useWebSocket`. */

import { StrictMode, createElement as h, useEffect, useState, version } from 'react';
import { createRoot } from 'react-dom/client';

import { GatheringClient } from '../../src/index.js';
import { GatheringProvider, useAgent, useCircle, useWebSocket } from '../../react/index.js';

const { circle, agent, token, address } = JSON.parse(document.getElementById('about').textContent);
const client = new GatheringClient({ token, timing: { base: 50, most: 500 } });

function Chat({ name }) {
  const { messages, present, members, state, error, post } = useCircle(name);
  return h('section', { id: 'chat', 'data-state': state.status, 'data-error': error?.code },
    h('p', { id: 'present' }, present.map((who) => who.name).sort().join(' ')),
    h('p', { id: 'members' }, members.length),
    h('ol', {}, messages.map((message) =>
      h('li', { key: message.key, 'data-streaming': message.streaming }, `${message.sender}: ${message.content}`))),
    h('button', { id: 'post', onClick: () => post('by the button') }, 'Post'));
}

function Robo() {
  const { agent: robo, activity, run } = useAgent(agent);
  return h('section', { id: 'agent' },
    h('p', { id: 'status' }, robo?.status),
    h('p', { id: 'run' }, run?.status),
    activity.map(({ id, content, streaming }) => h('p', { key: id, 'data-streaming': streaming }, content)));
}

/** The document's component, but for JSX. */
function CircleChat({ url }) {
  const { messages, isConnected, send } = useWebSocket(url);
  return h('div', { id: 'document' },
    h('div', { id: 'connected' }, 'Status: ', isConnected ? 'Connected' : 'Disconnected'),
    messages.map((msg, i) => h('div', { key: i, className: 'said' }, msg.data.content)),
    h('button', { id: 'send', onClick: () => send({ type: 'user_message', content: 'by send' }) }, 'Send'));
}

/** It renders itself anew all the time, and takes its parts away and brings them back when told. */
function App() {
  const [renders, setRenders] = useState(0);
  const [shown, setShown] = useState(true);
  useEffect(() => {
    const timer = setInterval(() => setRenders((count) => count + 1), 50);
    return () => clearInterval(timer);
  }, []);
  return h('main', { 'data-version': version, 'data-renders': renders },
    h('button', { id: 'toggle', onClick: () => setShown((now) => !now) }, 'Toggle'),
    shown && [h(Chat, { key: 1, name: circle }), h(Robo, { key: 2 }), h(CircleChat, { key: 3, url: address })]);
}

createRoot(document.getElementById('root')).render(
  h(StrictMode, {}, h(GatheringProvider, { client }, h(App))),
);

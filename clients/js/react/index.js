/** Hooks for React 18 and 19: what is in a circle, a workspace or an agent, and stays true. */

import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';

import { GatheringClient, WebSocketClient } from '../src/index.js';
import { agentFold, circleFold, workspaceFold } from './folds.js';
import { Followed } from './followed.js';

/**
 * @typedef {import('../src/index.js').State} State
 * @typedef {import('../src/index.js').Frame} Frame
 * @typedef {import('../src/index.js').Stream} Stream
 * @typedef {import('../src/index.js').Circle} Circle
 * @typedef {import('../src/index.js').Agent} Agent
 * @typedef {import('./folds.js').CircleView} CircleView
 * @typedef {import('./folds.js').WorkspaceView} WorkspaceView
 * @typedef {import('./folds.js').AgentView} AgentView
 * @typedef {import('./folds.js').Message} Message
 */

/** @type {import('react').Context<GatheringClient | null>} */
const Given = createContext(/** @type {GatheringClient | null} */ (null));
/** @type {GatheringClient | undefined} */
let own;
/** @type {WeakMap<Stream, Followed<any>>} */
const followed = new WeakMap();

/**
 * The client of all hooks below; without it they use one of the page's own server and session.
 * @param {{client: GatheringClient, children?: import('react').ReactNode}} props
 */
export function GatheringProvider({ client, children }) {
  return createElement(Given.Provider, { value: client }, children);
}

/** The client that the hooks use. */
export function useGathering() {
  return useContext(Given) ?? (own ??= new GatheringClient());
}

/**
 * A circle: its messages, with those that agents are writing, its members and who is here.  Before the
 * first snapshot has come, `messages`, `members` and `present` are empty, and `circle` is null.
 * @param {string} name
 */
export function useCircle(name) {
  const circle = useGathering().circle(name);
  const { view, state } = useFollowed(circle, circleFold);
  const nothing = { circle: null, members: [], messages: [], hasMore: false, present: [] };
  return { ...(view ?? nothing), ...about(state), stream: circle, post: usePost(circle) };
}

/**
 * A workspace: its files by path, its git, and who is editing what.
 * @param {number | string} id
 */
export function useWorkspace(id) {
  const stream = useGathering().workspace(id);
  const { view, state } = useFollowed(stream, workspaceFold);
  const nothing = { workspace: null, git: null, commit: null, leases: [], files: {}, hasMore: false, stale: false };
  return { ...(view ?? nothing), ...about(state), stream };
}

/**
 * An agent: its status, its present run, and what it writes, thinks and calls in it.
 * @param {number | string} id
 */
export function useAgent(id) {
  const stream = useGathering().agent(id);
  const { view, state } = useFollowed(stream, agentFold);
  return { ...(view ?? { agent: null, run: null, activity: [] }), ...about(state), stream };
}

/**
 * The document's hook: what comes from a stream's own address, whether it is connected, and a way to send.
 * It comes back after a cut, and nothing is missing or twice then.
 * @param {string} url As in `ws://localhost:8000/ws/circles/dev-team?token=…`
 */
export function useWebSocket(url) {
  const client = useRef(/** @type {import('../src/index.js').WebSocketClient | null} */ (null));
  const [messages, setMessages] = useState(/** @type {any[]} */ ([]));
  const [isConnected, setIsConnected] = useState(false);

  useEffect(() => {
    const made = (client.current = new WebSocketClient(url));
    const add = (/** @type {any} */ message) => setMessages((all) => [...all, message]);
    made.onWelcome = made.onPresence = () => {}; // they say nothing that the document's server would
    made.onUnknown = add;
    made.onState = ({ status }) => setIsConnected(status === 'live' || status === 'catching_up');
    setMessages([]);
    made.connect();
    return () => {
      made.onUnknown = made.onState = undefined;
      made.disconnect();
      setIsConnected(false);
    };
  }, [url]);

  const send = useCallback((/** @type {any} */ data) => client.current?.send(data), []);
  return { messages, isConnected, send };
}

/**
 * @template View
 * @param {Stream} stream
 * @param {import('./folds.js').Fold<View>} fold
 * @returns {{view: View | null, state: State}}
 */
function useFollowed(stream, fold) {
  const known = followed.get(stream) ?? new Followed(stream, fold);
  followed.set(stream, known);
  return useSyncExternalStore(known.subscribe, known.current, known.current);
}

/** @param {Circle} circle */
function usePost(circle) {
  return useCallback(
    /** @type {Circle['post']} */ ((content, options) => circle.post(content, options)),
    [circle],
  );
}

/** @param {State} state */
const about = (state) => ({ state, isLive: state.status === 'live', error: state.error ?? null });

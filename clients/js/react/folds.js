/**
 * What a view shows, as pure functions: a snapshot of REST begins it, and each event makes the next.  A
 * snapshot and the events after it make what a later snapshot would show.
 */

/** @typedef {import('../src/types.js').Frame} Frame */

const MISSING = '\u200b'; // takes no room

/**
 * @typedef {object} Message
 * @property {string} key The same while it is written and when it is there: for lists.
 * @property {number | null} id
 * @property {string} sender
 * @property {string} content
 * @property {boolean} streaming Whether it is being written.
 * @property {number} [user_id]
 * @property {number} [agent_id]
 * @property {number | null} [reply_to]
 * @property {string[]} [mentions]
 * @property {string} [created_at]
 * @property {string | null} [draft]
 *
 * @typedef {object} Someone
 * @property {number} id
 * @property {string} name
 * @property {string} display_name
 * @property {string} kind
 *
 * @typedef {object} CircleView
 * @property {any} circle
 * @property {any[]} members
 * @property {Message[]} messages In the order of the log; those that are being written come last.
 * @property {boolean} hasMore Whether there are older ones.
 * @property {Someone[]} present Who is here.
 *
 * @typedef {object} WorkspaceView
 * @property {any} workspace
 * @property {any} git
 * @property {any} commit
 * @property {any[]} leases
 * @property {Record<string, any>} files By path.
 * @property {boolean} hasMore Whether there are more files than the snapshot held.
 * @property {boolean} stale Whether so much has changed at once that it must be fetched anew.
 *
 * @typedef {object} Activity A text, a thought or a call of a tool.
 * @property {string} id
 * @property {'text' | 'reasoning' | 'tool'} kind
 * @property {string} [name] Of the tool.
 * @property {string} content The text, or the arguments.
 * @property {string} [result]
 * @property {boolean} [failed] Whether the tool failed, as its agent tells.
 * @property {boolean} streaming
 *
 * @typedef {object} AgentView
 * @property {any} agent
 * @property {{runId: string, threadId: string, status: 'running' | 'finished' | 'failed'} | null} run
 * @property {Activity[]} activity Of the present run.
 */

/**
 * @template View
 * @typedef {object} Fold
 * @property {(snapshot: any) => View} begin
 * @property {Record<string, (view: View, data: any, frame: any) => View>} on By the type of an event.
 * @property {(view: View) => View} [tidy] Without what was begun and has not gone on for a while.
 */

/** @type {Fold<CircleView>} */
export const circleFold = {
  begin: ({ circle, members, messages, has_more }) => ({
    circle,
    members,
    messages: messages.map(written),
    hasMore: has_more,
    present: [],
  }),
  on: {
    user_message: posted,
    agent_message: posted,
    message_delta: streamed,
    member_joined: (view, { user_id, user, role }) => joined(view, { user_id, user, role }),
    agent_joined: (view, { agent_id, agent, role }) => joined(view, { agent_id, agent, role }),
    member_left: (view, { user }) => ({ ...view, members: view.members.filter((each) => nameOf(each) !== user) }),
    agent_left: (view, { agent }) => ({ ...view, members: view.members.filter((each) => nameOf(each) !== agent) }),
    circle_status: (view, { previous, ...now }) => ({ ...view, circle: { ...view.circle, ...now } }),
    presence: (view, { here, came = [], left = [] }) => {
      const changed = [...came, ...left].map(({ id }) => id);
      return { ...view, present: here ?? [...view.present.filter(({ id }) => !changed.includes(id)), ...came] };
    },
  },
  tidy: (view) => ({ ...view, messages: view.messages.filter(({ streaming }) => !streaming) }),
};

/** @type {Fold<WorkspaceView>} */
export const workspaceFold = {
  begin: ({ workspace, git, commit, leases, files, has_more }) => ({
    workspace,
    git,
    commit,
    leases,
    files: Object.fromEntries(files.map((/** @type {any} */ file) => [file.path, file])),
    hasMore: has_more,
    stale: false,
  }),
  on: {
    file_created: fileSet,
    file_changed: fileSet,
    file_deleted: (view, { path }) => ({ ...view, files: moved(view.files, path, null) }),
    file_moved: (view, data) => fileSet({ ...view, files: moved(view.files, data.old_path, data.path) }, data),
    files_changed: (view) => ({ ...view, stale: true }),
    workspace_status: (view, { workspace_id, ...now }) => ({ ...view, workspace: { ...view.workspace, ...now } }),
    git_status: (view, { workspace_id, ...git }) => ({ ...view, git }),
    git_commit: (view, { workspace_id, ...commit }) => ({ ...view, commit }),
    lease_taken: (view, { workspace_id, ...lease }) => ({ ...view, leases: [...without(view.leases, lease), lease] }),
    lease_ended: (view, lease) => ({ ...view, leases: without(view.leases, lease) }),
  },
};

/** @type {Fold<AgentView>} */
export const agentFold = {
  begin: ({ agent }) => ({ agent, run: null, activity: [] }),
  on: {
    agent_status: (view, { agent_id, previous, ...now }) => ({ ...view, agent: { ...view.agent, ...now } }),
    agent_activity: (view, data, frame) => ACTIVITY[data.type]?.(view, data, frame) ?? view,
  },
};

/** @type {Record<string, (view: AgentView, data: any, frame: any) => AgentView>} */
const ACTIVITY = {
  RUN_STARTED: (view, { runId, threadId }) => ({ ...view, run: { runId, threadId, status: 'running' }, activity: [] }),
  RUN_FINISHED: (view) => ended(view, 'finished'),
  RUN_ERROR: (view) => ended(view, 'failed'),
  TEXT_MESSAGE_START: (view, { messageId }) => begun(view, { id: messageId, kind: 'text' }),
  TEXT_MESSAGE_CONTENT: (view, { messageId, delta }, { offset }) => grown(view, messageId, delta, offset),
  TEXT_MESSAGE_END: (view, { messageId }, { content }) => done(view, messageId, { content }),
  REASONING_MESSAGE_START: (view, { messageId }) => begun(view, { id: messageId, kind: 'reasoning' }),
  REASONING_MESSAGE_CONTENT: (view, { messageId, delta }, { offset }) => grown(view, messageId, delta, offset),
  REASONING_MESSAGE_END: (view, { messageId }, { content }) => done(view, messageId, { content }),
  TOOL_CALL_START: (view, { toolCallId, toolCallName }) =>
    begun(view, { id: toolCallId, kind: 'tool', name: toolCallName }),
  TOOL_CALL_ARGS: (view, { toolCallId, delta }, { offset }) => grown(view, toolCallId, delta, offset),
  TOOL_CALL_END: (view, { toolCallId }, { content }) => done(view, toolCallId, { content }),
  TOOL_CALL_RESULT: (view, { toolCallId, content, metadata }) =>
    done(view, toolCallId, { result: content, failed: metadata?.failed === true }),
};

/**
 * A text and its next piece, of which some may be there already, and the beginning may be missing.
 * @param {string} text
 * @param {string} delta
 * @param {number} [offset] Characters (code points) that came before the piece.
 */
export function grow(text, delta, offset) {
  const has = [...text].length;
  const at = offset ?? has;
  // What is missing is shown as a gap, and as long as it is: later offsets count from the beginning.
  if (at > has) return `${text}${'…'.padStart(at - has, MISSING)}${delta}`;
  return text + [...delta].slice(has - at).join('');
}

/** @param {any} message */
function written(message) {
  const { agent_id, sender, draft, id } = message;
  return { ...message, key: agent_id && draft ? `${sender}/${draft}` : `${id}`, streaming: false };
}

/**
 * @param {CircleView} view
 * @param {any} data
 */
function posted(view, data) {
  const message = written(data);
  const others = view.messages.filter(({ key }) => key !== message.key);
  const streaming = others.filter((each) => each.streaming);
  return { ...view, messages: [...others.filter((each) => !each.streaming), message, ...streaming] };
}

/**
 * @param {CircleView} view
 * @param {any} data
 */
function streamed(view, { draft, sender, agent_id, delta, offset, reply_to = null, ended: given_up }) {
  const key = `${sender}/${draft}`;
  const known = view.messages.find((message) => message.key === key);
  if (known && !known.streaming) return view;
  const others = view.messages.filter((message) => message !== known);
  if (given_up) return { ...view, messages: others };
  const content = grow(known?.content ?? '', delta, offset);
  const message = { key, id: null, sender, agent_id, draft, reply_to, content, streaming: true };
  const messages = known ? view.messages.map((each) => (each === known ? message : each)) : [...others, message];
  return { ...view, messages };
}

/** @param {any} member */
const nameOf = (member) => member.user ?? member.agent;

/**
 * The members, by name: one who is in already has a new role.
 * @param {CircleView} view
 * @param {any} member
 */
function joined(view, member) {
  const others = view.members.filter((each) => nameOf(each) !== nameOf(member));
  const members = [...others, member].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return { ...view, members };
}

/**
 * @param {WorkspaceView} view
 * @param {any} data
 */
function fileSet(view, { path, kind, is_dir, size, mtime, hash }) {
  return { ...view, files: { ...view.files, [path]: { path, kind, is_dir, size, mtime, hash } } };
}

/**
 * The files, with what was at a path, and in it, elsewhere or away.
 * @param {Record<string, any>} files
 * @param {string} from
 * @param {string | null} to
 */
function moved(files, from, to) {
  const inside = (/** @type {string} */ path) => path === from || path.startsWith(`${from}/`);
  const entries = Object.entries(files).filter(([path]) => to !== null || !inside(path));
  return Object.fromEntries(
    entries.map(([path, file]) => {
      const now = inside(path) ? to + path.slice(from.length) : path;
      return [now, { ...file, path: now }];
    }),
  );
}

/**
 * @param {any[]} leases
 * @param {any} lease
 */
const without = (leases, lease) => leases.filter(({ id }) => id !== lease.id);

/**
 * @param {AgentView} view
 * @param {Pick<Activity, 'id' | 'kind' | 'name'>} what
 */
function begun(view, what) {
  const others = view.activity.filter(({ id }) => id !== what.id);
  return { ...view, activity: [...others, { ...what, content: '', streaming: true }] };
}

/**
 * @param {AgentView} view
 * @param {string} id
 * @param {string} delta
 * @param {number} offset
 */
function grown(view, id, delta, offset) {
  return change(view, id, (each) => (each.streaming ? { ...each, content: grow(each.content, delta, offset) } : each));
}

/**
 * @param {AgentView} view
 * @param {string} id
 * @param {Partial<Activity>} what
 */
function done(view, id, what) {
  const given = Object.fromEntries(Object.entries(what).filter(([, value]) => value !== undefined));
  return change(view, id, (each) => ({ ...each, ...given, streaming: false }));
}

/**
 * @param {AgentView} view
 * @param {'finished' | 'failed'} status
 */
function ended(view, status) {
  return { ...view, run: view.run && { ...view.run, status } };
}

/**
 * @param {AgentView} view
 * @param {string} id
 * @param {(each: Activity) => Activity} how
 */
function change(view, id, how) {
  return { ...view, activity: view.activity.map((each) => (each.id === id ? how(each) : each)) };
}

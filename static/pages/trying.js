/**
 * Trying a token: a client of its own comes in by it, and the page shows what a program would see.
 * The token is held by that client alone, and goes as a subprotocol, never in an address.
 */

import { GatheringClient } from '../client/index.js';
import { keepTrue } from './badge.js';
import { Frames } from './frames.js';
import './page.js';

const part = (id) => document.getElementById(id);
const ONE_WORD = /^[\w.~-]+$/; // what may stand in a subprotocol, and is in every token
const BADGE = { not_authenticated: 'refused', not_found: 'refused', token_expired: 'token ended' };
const ENDS = {
  not_authenticated: 'The server knows no such token: it is mistyped, or was revoked.',
  token_expired: 'This token has ended. Make another under Tokens.',
  not_found: 'The token is good, but there is no such stream, or its holder may not see it.',
  access_withdrawn: 'Access to this stream was withdrawn; the token itself is still good.',
};
const REVOKED = 'This token was revoked, or its holder deactivated: the server takes it no more.';

const form = part('try');
const frames = new Frames(part('frames'), part('count'));
let client;
let stream;
let closed; // the code with which the server closed the last socket

const show = keepTrue(part('tried'), () => stream?.state ?? { status: 'idle' }, BADGE);

form.hidden = false;
part('tried').hidden = false;
part('stream').addEventListener('change', offerName);
part('stop').addEventListener('click', () => stop('Stopped by you.'));
form.addEventListener('submit', (event) => (event.preventDefault(), begin()));
offerName();

function offerName() {
  part('other-field').hidden = part('stream').value !== '';
}

function begin() {
  stop('Connecting.');
  const token = part('token').value.trim();
  if (!ONE_WORD.test(token)) return tell('A token is one word of letters and digits. Nothing was sent.');
  client = new GatheringClient({ token, shared: false, transport: 'websocket', WebSocket: Noted, fetch: bare, onUnknown: add });
  try {
    stream = client.stream(part('stream').value || part('other').value.trim());
  } catch (error) {
    return tell(`${error.message} One is circles.dev-team, agents.3 or workspaces.7.`);
  }
  follow();
}

function follow() {
  const since = part('from').value;
  part('stop').disabled = false;
  stream.on('welcome', (frame) => (greet(frame.data), add(frame)));
  stream.on('error', add);
  stream.on('*', add);
  stream.watch(stands);
  stream.open(since === '' ? {} : { since: Number(since) });
}

function stop(words) {
  client?.close();
  client = stream = closed = undefined;
  part('who').hidden = part('came').hidden = part('stop').disabled = true;
  frames.clear();
  tell(words);
  show();
}

function add(frame) {
  part('came').hidden = false;
  if (frame.seq) part('seq').textContent = frame.seq;
  frames.add(frame);
}

function greet({ actor, channel, head }) {
  part('actor').textContent = actor.name;
  part('kind').textContent = actor.kind;
  part('channel').textContent = channel;
  part('seq').textContent = head;
  part('who').hidden = false;
}

function stands({ status, error }) {
  show();
  if (status === 'live') tell('Connected. What is said on the stream shows below as it comes.');
  if (status === 'reconnecting') tell(`The connection was lost${withCode()}. It comes back by itself.`);
  if (status === 'offline') end(error);
}

/** It has ended for good: why, in words and with the codes of the server. */
async function end(error) {
  part('stop').disabled = true;
  const ended = client;
  const revoked = error.code === 'access_withdrawn' && (await isUnknown(ended));
  if (ended === client) tell(`${revoked ? REVOKED : (ENDS[error.code] ?? error.message)}${withCode(error.code)}`);
}

/** Whether the server takes the token no more: a token may also lose one stream, and be good. */
async function isUnknown(asked) {
  const { code } = await asked.request('/api/me/').catch((error) => error);
  return code === 'not_authenticated';
}

function withCode(...codes) {
  const said = [...codes, ...(closed ? [`closed with ${closed}`] : [])].join(', ');
  return said && ` (${said})`;
}

function tell(words) {
  part('told').textContent = words;
}

/** Without the cookie of this page: what answers is what the token gets. */
function bare(address, options) {
  return fetch(address, { ...options, credentials: 'omit' });
}

class Noted extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener('close', ({ code }) => (closed = code));
  }
}

/** Who is here, and who is writing. */

import { apply } from './present.js';

const doing = document.getElementById('writing');
const me = document.body.dataset.me;
const present = new Map();
const writing = new Map();
const WRITES_FOR = 5000;

export function presence({ data }) {
  apply(present, data);
  showPresence();
}

/** Mark the members; called again whenever their list was rendered. */
export function showPresence() {
  for (const member of document.querySelectorAll('#members li')) {
    const here = present.has(member.dataset.name);
    const mark = member.querySelector('[data-here]');
    if (!mark) continue; // an agent says itself what it does
    mark.classList.toggle('yes', here);
    const text = here ? 'here' : '';
    if (mark.textContent !== text) mark.replaceChildren(...(here ? [dot(), text] : []));
  }
}

export function typing({ data: { sender } }) {
  if (sender === me) return;
  clearTimeout(writing.get(sender));
  writing.set(sender, setTimeout(() => stopped(sender), WRITES_FOR));
  showWriting();
}

export function stopped(sender) {
  clearTimeout(writing.get(sender));
  if (writing.delete(sender)) showWriting();
}

function showWriting() {
  const names = [...writing.keys()].map(called);
  const [one, two] = names;
  doing.textContent = { 0: '', 1: `${one} is writing`, 2: `${one} and ${two} are writing` }[names.length] ?? 'Several are writing';
}

function called(name) {
  return document.querySelector(`#members li[data-name="${CSS.escape(name)}"]`)?.dataset.called ?? name;
}

function dot() {
  const made = document.createElement('span');
  made.className = 'dot';
  made.setAttribute('aria-hidden', 'true');
  return made;
}

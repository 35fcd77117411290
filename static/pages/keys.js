/** The keys that work everywhere, and finding a place. */

const find = document.getElementById('find');
const said = document.getElementById('find-said');
const keys = document.getElementById('keys');

export function listen() {
  document.addEventListener('keydown', pressed);
  find.addEventListener('input', () => narrow(find.value));
  find.addEventListener('keydown', choose);
  document.addEventListener('rendered', () => narrow(find.value));
}

function pressed(event) {
  if (event.key === 'Escape') return leave();
  const writes = event.target.closest('input, textarea, select, [contenteditable]');
  if (writes || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') go(event, () => find.focus());
  if (event.key === '?') go(event, () => keys.showModal());
}

/** Enter leads to the first place that is called so; where none is, and by the button, to what was said. */
function choose(event) {
  if (event.key !== 'Enter' || !found()) return;
  event.preventDefault();
  found().click();
}

function go(event, where) {
  event.preventDefault();
  if (innerWidth < 900 && event.key === '/') location.hash = 'nav';
  where();
}

/** Close the drawer, or leave the search. */
function leave() {
  if (['#nav', '#side'].includes(location.hash)) location.hash = 'main';
  if (document.activeElement !== find) return;
  find.value = '';
  narrow('');
  find.blur();
}

function narrow(text) {
  const wanted = text.trim().toLowerCase();
  said.hidden = !wanted;
  for (const place of document.querySelectorAll('#places li[id]')) {
    place.hidden = !place.querySelector('.label').textContent.toLowerCase().includes(wanted);
  }
}

const found = () => document.querySelector('#places li[id]:not([hidden]) a');

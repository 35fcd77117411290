/** The keys that work everywhere, and finding a place. */

const find = document.getElementById('find');
const keys = document.getElementById('keys');

export function listen() {
  document.addEventListener('keydown', pressed);
  find.addEventListener('input', () => narrow(find.value));
  find.addEventListener('keydown', ({ key }) => key === 'Enter' && found()?.click());
  find.form.addEventListener('submit', (event) => found() && event.preventDefault());
  document.addEventListener('rendered', () => narrow(find.value));
}

function pressed(event) {
  if (event.key === 'Escape') return leave();
  const writes = event.target.closest('input, textarea, select, [contenteditable]');
  if (writes || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') go(event, () => find.focus());
  if (event.key === '?') go(event, () => keys.showModal());
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
  for (const place of document.querySelectorAll('#places li[id]')) {
    place.hidden = !place.querySelector('.label').textContent.toLowerCase().includes(wanted);
  }
}

const found = () => document.querySelector('#places li[id]:not([hidden]) a');

/** A workspace: the server renders what changed; what was saved a moment ago is marked once. */

import { client, own } from './live.js';
import './page.js';

const touched = new Set();

client.stream(own).on('*', ({ type, data }) => {
  if (!type.startsWith('file')) return;
  for (const path of [data.path, ...(data.sample ?? [])]) if (path) touched.add(path);
});

document.addEventListener('rendered', () => {
  for (const row of document.querySelectorAll('[data-path]')) {
    const { path } = row.dataset;
    const inside = [...touched].some((each) => each === path || each.startsWith(`${path}/`));
    if (inside) pulse(row);
  }
  touched.clear();
});

function pulse(row) {
  row.classList.remove('changed');
  void row.offsetWidth; // so that it begins anew
  row.classList.add('changed');
}

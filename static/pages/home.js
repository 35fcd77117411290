/** Home: beside each circle, who is connected to it. */

import { client } from './live.js';
import { apply } from './present.js';
import './page.js';

const circles = new Map([...document.querySelectorAll('[data-channel]')].map((row) => [row.dataset.channel, new Map()]));

for (const [channel, people] of circles) {
  client.stream(channel).on('presence', ({ data }) => (apply(people, data), show()));
}
document.addEventListener('rendered', show);

function show() {
  for (const row of document.querySelectorAll('[data-channel]')) {
    const names = [...(circles.get(row.dataset.channel)?.values() ?? [])];
    const text = names.length > 3 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more here` : `${names.join(', ')} here`;
    const shown = row.querySelector('[data-present]');
    if (names.length && shown.textContent !== text) shown.textContent = text;
    if (!names.length) shown.textContent = '';
  }
}

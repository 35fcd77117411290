/** The law of views: an old snapshot and the events after it make a new snapshot. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { circleFold } from '../../react/folds.js';
import { Followed } from '../../react/followed.js';
import { clientOf, makeCircle } from './place.js';

/** The view, once `wanted` holds of it. */
function seen(followed, wanted) {
  return new Promise((resolve) => {
    const look = () => {
      const { view } = followed.current();
      if (!view || !wanted(view)) return;
      queueMicrotask(() => off());
      resolve(view);
    };
    const off = followed.subscribe(look);
    look();
  });
}

test('a circle that was followed is the circle that is fetched', async (t) => {
  const name = await makeCircle(t, ['bob']);
  const ada = clientOf(t, 'ada');
  const followed = new Followed(clientOf(t, 'bob').circle(name), circleFold);
  const off = followed.subscribe(() => {});
  t.after(off);
  await seen(followed, ({ present }) => present.length === 1);
  const robo = clientOf(t, 'robo').circle(name);
  const change = (path, method, body) => ada.request(`/api/circles/${name}/${path}`, { method, body });
  await change('', 'PATCH', { title: 'A title' });
  await change('members/', 'POST', { name: 'robo', role: 'member' });
  await change('members/', 'POST', { name: 'carol' });
  await change('members/carol/', 'PATCH', { role: 'owner' });
  await change('members/robo/', 'PATCH', { role: 'owner' });
  await ada.circle(name).post('Hello @robo');
  const draft = robo.open().draft();
  await robo.post('first');
  draft.write('Hel');
  await seen(followed, ({ messages }) => messages.at(-1)?.content === 'Hel');
  draft.write('lo');
  await draft.post({ reply_to: null });
  await change('members/carol/', 'DELETE');
  const view = await seen(followed, ({ members }) => members.length === 3);
  const fetched = circleFold.begin(await ada.circle(name).snapshot());
  assert.deepEqual({ ...view, present: [] }, fetched);
  assert.equal(view.messages.at(-1).content, 'Hello');
});

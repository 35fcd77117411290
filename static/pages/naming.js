/** Naming somebody: after an `@`, the members whose names begin like that. */

/**
 * @param {HTMLTextAreaElement} text
 * @param {HTMLElement} names The list of those that fit.
 */
export function complete(text, names) {
  let chosen = 0;
  const options = () => [...names.children];

  const close = () => {
    names.hidden = true;
    text.removeAttribute('aria-activedescendant');
  };
  const choose = (index) => {
    const all = options();
    chosen = (index + all.length) % all.length;
    all.forEach((option, each) => option.setAttribute('aria-selected', String(each === chosen)));
    text.setAttribute('aria-activedescendant', all[chosen].id);
    all[chosen].scrollIntoView({ block: 'nearest' });
  };
  const take = () => {
    const begun = beginning(text);
    text.setRangeText(`@${options()[chosen].dataset.name} `, begun.start, text.selectionStart, 'end');
    close();
  };
  const look = () => {
    const begun = beginning(text);
    const all = begun ? members(begun.name) : [];
    const done = all.length === 1 && all[0].dataset.name === begun.name; // there is nothing to complete
    const fitting = done ? [] : all;
    names.replaceChildren(...fitting.map(option));
    names.hidden = !fitting.length;
    if (fitting.length) choose(0);
    else close();
  };

  text.addEventListener('input', look);
  text.addEventListener('blur', () => setTimeout(close, 150));
  names.addEventListener('mousedown', (event) => {
    event.preventDefault();
    chosen = options().indexOf(event.target.closest('li'));
    take();
  });
  text.addEventListener('keydown', (event) => {
    if (names.hidden) return;
    const act = { ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1), Enter: take, Tab: take, Escape: close }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function beginning(text) {
  const before = text.value.slice(0, text.selectionStart);
  const found = /(?:^|[^\w@./-])@([a-z0-9_.-]*)$/i.exec(before);
  return found && { name: found[1].toLowerCase(), start: before.length - found[1].length - 1 };
}

function members(name) {
  const all = [...document.querySelectorAll('#members li')];
  return all.filter(({ dataset }) => dataset.name.startsWith(name) || dataset.called.toLowerCase().startsWith(name)).slice(0, 8);
}

function option(member) {
  const made = document.createElement('li');
  made.id = `name-${member.dataset.name}`;
  made.dataset.name = member.dataset.name;
  made.setAttribute('role', 'option');
  made.append(member.querySelector('.initial').cloneNode(true), member.dataset.called, ' ');
  made.append(Object.assign(document.createElement('span'), { className: 'quiet', textContent: `@${member.dataset.name}` }));
  return made;
}

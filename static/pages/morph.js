/**
 * Make an element like another one and keep what the reader did to it: the focus, a text half written,
 * what is unfolded. Children with an id are recognised by it, others by their place.
 */

/**
 * @param {Element} now
 * @param {Element} then
 */
export function morph(now, then) {
  attributes(now, then);
  children(now, then);
}

function attributes(now, then) {
  for (const { name, value } of then.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  for (const { name } of [...now.attributes]) {
    const isReaders = name === 'open' && now.localName === 'details';
    if (!then.hasAttribute(name) && !isReaders) now.removeAttribute(name);
  }
}

function children(now, then) {
  // What a script fills in stays until the script says otherwise.
  const filled = ['present', 'here', 'since'].some((name) => name in (now.dataset ?? {}));
  const chosenFrom = now.localName === 'select' && now === document.activeElement;
  if (filled || now.localName === 'textarea' || chosenFrom) return;
  let place = now.firstChild;
  for (const wanted of [...then.childNodes]) {
    const known = recognised(now, place, wanted);
    if (!known) {
      now.insertBefore(wanted, place);
      pulse(wanted);
      continue;
    }
    // What is gone goes first: an element that is moved loses the focus.
    while (place !== known && place && !stays(place, then)) place = removed(place);
    if (known !== place) now.insertBefore(known, place);
    else place = place.nextSibling;
    if (known.nodeType === Node.ELEMENT_NODE) morph(known, wanted);
    else if (known.data !== wanted.data) known.data = wanted.data;
  }
  while (place) place = removed(place);
}

const stays = (node, then) => Boolean(node.id) && [...then.children].some((child) => child.id === node.id);

/** Take a node away; what came after it. */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function recognised(parent, place, wanted) {
  if (wanted.id) {
    return [...parent.children].find((child) => child.id === wanted.id && child.localName === wanted.localName);
  }
  const alike = place?.nodeName === wanted.nodeName && !place.id;
  return alike ? place : null;
}

function pulse(node) {
  if (node.nodeType === Node.ELEMENT_NODE && node.hasAttribute('data-pulse')) node.classList.add('changed');
}

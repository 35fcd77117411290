/** Frames as they came, the newest first: a line each, which unfolds to its JSON. */

const MOST = 200; // lines that are kept
const SOON = 50; // milliseconds: what comes within them is shown at once
const SHORT = 200; // characters of a line

export class Frames {
  #list;
  #counter;
  #count = 0;
  #waiting = [];
  #timer;

  /**
   * @param {Element} list
   * @param {Element} counter Says how many came.
   */
  constructor(list, counter) {
    this.#list = list;
    this.#counter = counter;
  }

  /** @param {import('../client/index.js').Frame} frame */
  add(frame) {
    this.#count++;
    this.#waiting.push({ frame, at: new Date(frame.timestamp ?? Date.now()) });
    if (this.#waiting.length > MOST) this.#waiting.shift();
    this.#timer ??= setTimeout(() => this.#show(), SOON);
  }

  clear() {
    this.#count = 0;
    this.#waiting = [];
    this.#list.replaceChildren();
    this.#counter.textContent = '';
  }

  #show() {
    this.#timer = undefined;
    this.#list.prepend(...this.#waiting.splice(0).reverse().map(line));
    while (this.#list.children.length > MOST) this.#list.lastChild.remove();
    const shown = this.#list.children.length;
    this.#counter.textContent = this.#count > shown ? `the last ${shown} of ${this.#count}` : `${shown}`;
  }
}

function line({ frame, at }) {
  const [item, details, summary] = ['li', 'details', 'summary'].map((name) => document.createElement(name));
  item.className = 'item';
  summary.append(
    word('seq number', frame.seq ?? '–'),
    word('type', frame.type),
    word('short', JSON.stringify(frame.data ?? {}).slice(0, SHORT)),
    word('when', at.toLocaleTimeString('en-GB'), at.toISOString()),
  );
  details.append(summary);
  details.addEventListener('toggle', () => details.append(whole(frame)), { once: true });
  item.append(details);
  return item;
}

function word(kind, text, exact = '') {
  const span = document.createElement(kind === 'short' ? 'bdi' : 'span');
  span.className = kind;
  span.textContent = text;
  if (exact) span.title = exact;
  return span;
}

function whole(frame) {
  const json = document.createElement('pre');
  json.tabIndex = 0;
  json.textContent = JSON.stringify(frame, null, 2);
  return json;
}

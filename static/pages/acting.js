/** Forms that act on what goes on (`data-stays`): the page stays as it is, and what was refused is said at its top. */

export function act() {
  document.addEventListener('submit', (event) => {
    const form = event.target.closest('form[data-stays]');
    if (!form) return;
    event.preventDefault();
    send(form, event.submitter);
  });
}

async function send(form, button) {
  const body = new FormData(form, button);
  const buttons = [...form.querySelectorAll('button')];
  buttons.forEach((each) => (each.disabled = true));
  const answer = await fetch(form.action, { method: 'POST', body }).catch(() => null);
  const page = answer && new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (answer?.ok && !page.body.dataset.me) return location.reload(); // it asks to sign in
  if (answer?.ok) return say([...page.querySelectorAll('.notice.error')].map((each) => each.textContent));
  buttons.forEach((each) => (each.disabled = false));
  say([page ? heading(page, answer) : 'The server could not be reached. Try again in a moment.']);
}

const heading = (page, answer) => page.querySelector('h1')?.textContent ?? `The server answers ${answer.status}.`;

function say(sentences) {
  document.querySelector('.notices')?.remove();
  if (!sentences.length) return;
  const notices = Object.assign(document.createElement('div'), { className: 'notices' });
  notices.setAttribute('role', 'alert');
  for (const text of sentences) notices.append(Object.assign(document.createElement('p'), { className: 'notice error', textContent: text }));
  document.getElementById('main').prepend(notices);
}

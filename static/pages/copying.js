/** Copying: a button on what is meant to be copied, and links that copy themselves. */

export function offerCopies() {
  for (const block of document.querySelectorAll('.copyable')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', () => copy(block.querySelector('pre').textContent, button));
    block.append(button);
  }
  document.addEventListener('click', (event) => {
    const link = event.target.closest('[data-copy]');
    if (!link || !navigator.clipboard) return;
    event.preventDefault();
    copy(link.href, link);
  });
}

async function copy(text, said) {
  const before = said.textContent;
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = 'Copied';
  } catch {
    said.textContent = 'Copy it by hand';
  }
  setTimeout(() => (said.textContent = before), 1500);
}

/** Server-Sent Events from a response that is read as it comes: so the request can have headers. */

/**
 * The events of `response`, and null for each comment, which is a sign of life.
 * @param {Response} response
 * @returns {AsyncGenerator<{type: string, data: string} | null, void, void>}
 */
export async function* readEvents(response) {
  const decoder = new TextDecoder();
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  let rest = '';
  for (let piece; !(piece = await reader.read()).done; ) {
    const blocks = (rest + decoder.decode(piece.value, { stream: true })).split('\n\n');
    rest = /** @type {string} */ (blocks.pop());
    for (const block of blocks) yield readEvent(block);
  }
}

/** @param {string} block */
function readEvent(block) {
  const event = { type: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('data: ')) event.data += line.slice(6);
    if (line.startsWith('event: ')) event.type = line.slice(7);
  }
  return event.data ? event : null;
}

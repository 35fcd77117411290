/** Frames: what travels in one message. */

/**
 * The frame in a message, or null if it is none.
 * @param {unknown} text
 * @returns {import('./types.js').Frame | null}
 */
export function readFrame(text) {
  try {
    const frame = JSON.parse(/** @type {string} */ (text));
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}

/** How long to wait before the next attempt: exponential, with full jitter. */

/** @typedef {import('./types.js').Timing} Timing */

const STEEPEST = 20; // 2 ** 20 is beyond any limit, and far from overflow

/**
 * A random time up to `base * 2 ** level`, and never over `most`: those who were cut off together do not
 * come back together.
 * @param {Timing} timing
 * @param {number} level
 */
export const delay = ({ base, most }, level) =>
  Math.random() * Math.min(most, base * 2 ** Math.min(level, STEEPEST));

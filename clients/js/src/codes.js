/** Close codes of a WebSocket, and what a client does about each. */

/** @typedef {'resume' | 'renew' | 'back_off' | 'stay_away'} Advice */

export const TOO_LARGE = 1009;
export const ABNORMAL = 1006;
export const RESTARTING = 1012;
export const NOT_AUTHENTICATED = 4001;
export const TOKEN_EXPIRED = 4010;

/** @type {Record<number, Advice>} */
const ADVICE = {
  [TOO_LARGE]: 'stay_away',
  [NOT_AUTHENTICATED]: 'stay_away',
  4003: 'stay_away', // access withdrawn
  4004: 'stay_away', // no such channel, or not yours to see
  [TOKEN_EXPIRED]: 'renew',
  4029: 'back_off', // too many connections or frames
};

/**
 * What to do after a close with `code`: `resume` (come back with jitter), `renew` (get a new credential
 * first), `back_off` (wait longer than usual) or `stay_away`.  A code that is not known means `resume`.
 * @param {number} code
 * @returns {Advice}
 */
export const advice = (code) => ADVICE[code] ?? 'resume';

/** The tokens, kept true: the use of one is no event of a stream, so the page looks again while it is looked at. */

import { refresh } from './live.js';
import './page.js';

const AGAIN = 20_000; // milliseconds

const look = () => document.hidden || refresh('own-tokens');
document.addEventListener('visibilitychange', look);
setInterval(look, AGAIN);

/** Times as people say them, kept true; and the reader's zone, told to the server. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

export function keepTimes() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  setInterval(update, 20_000);
  setInterval(count, 1000);
}

/** @param {Date} moment */
export function day(moment) {
  return `${DAYS[moment.getDay()]} ${moment.getDate()} ${MONTHS[moment.getMonth()]} ${moment.getFullYear()}`;
}

function update() {
  for (const time of document.querySelectorAll('time[datetime]')) {
    const text = said(new Date(time.dateTime));
    if (text && time.textContent !== text) time.textContent = text;
  }
}

/** The same words as the server's; none for a moment to come, which it says otherwise. */
function said(moment) {
  const now = new Date();
  const seconds = (now - moment) / 1000;
  if (seconds < -60) return '';
  if (seconds < 60) return 'now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  const clock = `${pad(moment.getHours())}:${pad(moment.getMinutes())}`;
  if (moment.toDateString() === now.toDateString()) return clock;
  const date = `${moment.getDate()} ${MONTHS[moment.getMonth()]}`;
  return moment.getFullYear() === now.getFullYear() ? `${date}, ${clock}` : `${date} ${moment.getFullYear()}`;
}

/** Seconds of what is going on. */
function count() {
  for (const span of document.querySelectorAll('[data-since]')) {
    const seconds = Math.max(0, Math.floor((Date.now() - new Date(span.dataset.since)) / 1000));
    span.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
}

const pad = (number) => String(number).padStart(2, '0');

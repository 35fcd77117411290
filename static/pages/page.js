/** What every page does: it follows what it shows, keeps its times true, and takes keys. */

import { act } from './acting.js';
import { watch } from './badge.js';
import { offerCopies } from './copying.js';
import { listen } from './keys.js';
import { follow } from './live.js';
import { keepTimes } from './times.js';
import { countUnread } from './unread.js';

keepTimes();
listen();
act();
offerCopies();
countUnread();
follow();
watch();

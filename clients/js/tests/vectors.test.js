/** The vectors that every client runs: gathering/protocol/vectors.  What only a server does is left out. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { advice } from '../src/codes.js';
import { Reader, judge } from '../src/cursor.js';
import { GatheringError } from '../src/errors.js';
import { readFrame } from '../src/frames.js';
import { parseName } from '../src/names.js';

const ENVELOPE = ['type', 'data', 'timestamp', 'channel', 'seq'];

function cases(file, call) {
  const path = new URL(`../../../gathering/protocol/vectors/${file}.json`, import.meta.url);
  const found = JSON.parse(readFileSync(path, 'utf8')).cases.filter((each) => each.call === call);
  assert.ok(found.length > 5, `${file} has cases`);
  return found;
}

/** JSON cannot hold half of a surrogate pair; the vectors have the bytes of one. */
const given = (each) => ('in_hex' in each ? `circles.${String.fromCharCode(0xd800)}` : each.in);

describe('names', () => {
  for (const each of cases('names')) {
    test(each.name, () => {
      if ('out' in each) assert.deepEqual({ ...parseName(given(each)) }, each.out);
      else assert.throws(() => parseName(given(each)), { name: 'GatheringError', code: each.error });
    });
  }
});

describe('a judgement', () => {
  for (const each of cases('cursor', 'judge')) {
    test(each.name, () => assert.equal(judge(each.in.cursor, each.in.seq), each.out));
  }
});

describe("a client's loop", () => {
  for (const each of cases('cursor', 'apply')) {
    test(each.name, () => assert.deepEqual(applied(each.in), each.out));
  }
});

describe('close codes', () => {
  for (const each of cases('codes')) test(each.name, () => assert.equal(advice(each.in), each.out));
});

describe('frames of a server', () => {
  for (const each of cases('frames-out')) {
    test(each.name, () => {
      const frame = readFrame(each.in);
      const beside = Object.entries(frame).filter(([name]) => !ENVELOPE.includes(name));
      const envelope = ENVELOPE.map((name) => [name, frame[name] ?? null]);
      assert.deepEqual({ ...Object.fromEntries(envelope), beside: Object.fromEntries(beside) }, each.out);
    });
  }
});

describe('errors', () => {
  for (const each of cases('errors')) {
    test(each.name, () => {
      const error = GatheringError.from({ code: each.in, detail: 'Why.', retryable: each.out.retryable });
      assert.deepEqual(
        { code: error.code, detail: error.message, retryable: error.retryable },
        { code: each.in, detail: 'Why.', retryable: each.out.retryable },
      );
    });
  }
});

/** Take frames until one is too early; then a client would resume from its cursor. */
function applied({ channel, cursor, epoch, frames }) {
  const reader = new Reader(channel, cursor, epoch);
  const report = { applied: [], dropped: [], ephemeral: 0, resets: 0, gap: null };
  for (const frame of frames) {
    const verdict = reader.take(frame);
    if (verdict === 'next') report.applied.push(frame.seq);
    if (verdict === 'old') report.dropped.push(frame.seq);
    if (verdict === 'ephemeral') report.ephemeral += 1;
    if (verdict === 'reset') report.resets += 1;
    if (verdict === 'gap') report.gap = frame.seq;
    if (verdict === 'gap') break;
  }
  return { ...report, cursor: reader.seq, epoch: reader.epoch, behind: reader.behind };
}

/** What a page pays for the client. */

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const MOST = 6 * 1024;

test('minified and gzipped the client is under 6 KB, and what it loads only for HTTP under 2.2 KB', async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../src/index.js', import.meta.url))],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: 'unwritten',
    write: false,
  });
  const size = (file) => gzipSync(file.contents, { level: 9 }).length;
  const later = outputFiles.filter(({ path }) => /\/http-[^/]*$/.test(path));
  const atOnce = outputFiles.filter((file) => !later.includes(file));
  assert.equal(later.length, 1);
  assert.ok(size(later[0]) < 2253, `${size(later[0])} bytes for HTTP`);
  const total = atOnce.reduce((sum, file) => sum + size(file), 0);
  assert.ok(total < MOST, `${total} bytes`);
});

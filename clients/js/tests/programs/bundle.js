/** A program that puts the module of its first argument together, with the React of its second, if any. */

import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const [entry, react] = process.argv.slice(2);
const alias = react === '18' ? { react: 'react-18', 'react-dom': 'react-dom-18' } : {};
const { outputFiles } = await build({
  entryPoints: [entry],
  alias,
  absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)), // where aliases are looked for
  bundle: true,
  format: 'esm',
  define: { 'process.env.NODE_ENV': '"development"' },
  write: false,
});
process.stdout.write(outputFiles[0].text);

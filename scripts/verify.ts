/**
 * `npm run verify`: everything that needs no services - format and lint (with the import rules),
 * types, dead code, pure tests. Each check's output is shown only when it fails.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

interface Check {
  name: string;
  program: string;
  args: string[];
}

const root = dirname(import.meta.dirname);
const modules = join(root, 'node_modules');

const checks: Check[] = [
  {
    name: 'format and lint',
    program: join(modules, '@biomejs', 'biome', 'bin', 'biome'),
    args: ['check', '--max-diagnostics=50', '.'],
  },
  {
    name: 'import rules',
    program: join(root, 'scripts', 'check-imports.ts'),
    args: [],
  },
  {
    name: 'types',
    program: join(modules, 'typescript', 'bin', 'tsc'),
    args: ['-p', '.', '--noEmit'],
  },
  { name: 'dead code', program: join(modules, 'knip', 'bin', 'knip.js'), args: [] },
  {
    name: 'code that only tests use',
    program: join(modules, 'knip', 'bin', 'knip.js'),
    args: ['--production'],
  },
  {
    name: 'pure tests',
    program: join(modules, 'vitest', 'vitest.mjs'),
    args: ['run', '--project', 'pure', '--reporter=dot'],
  },
];

let failed = 0;
for (const check of checks) {
  const started = performance.now();
  const { code, output } = await run(check);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${check.name} (${seconds} s)`);
  if (code !== 0) {
    failed += 1;
    console.log(output);
  }
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run({ program, args }: Check): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

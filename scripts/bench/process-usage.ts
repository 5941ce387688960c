import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process in MiB; null where the system does not tell. */
export function residentMemoryMib(pid: number): number | null {
  const kib = process.platform === 'linux' ? residentFromProc(pid) : residentFromPs(pid);
  return kib === null ? null : kib / 1_024;
}

function residentFromProc(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

function residentFromPs(pid: number): number | null {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(stdout?.trim()) || null;
}

/** Processor time in milliseconds by the part that used it; without the parts that nobody tells of. */
export type ProcessorTimes = Readonly<Record<string, number>>;

/** The unit of the times in proc_pid_stat(5) is 1/100 s on every Linux that Node runs on. */
const TICK_MS = 10;

/**
 * Processor time that a process and its children have used so far, in milliseconds: unlike the clock
 * on the wall it hardly depends on what else the machine does. Null where the system does not tell.
 */
export function processorTimeMs(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const entries = readdirSync('/proc').flatMap((name) => {
    const entry = /^\d+$/.test(name) ? readStat(Number(name)) : null;
    return entry === null ? [] : [entry];
  });
  const own = entries.find((entry) => entry.pid === pid);
  if (own === undefined) return null;
  return entries
    .filter((entry) => entry.pid === pid || entry.parent === pid)
    .reduce((sum, { ticks }) => sum + ticks * TICK_MS, own.endedChildrenTicks * TICK_MS);
}

interface Stat {
  pid: number;
  parent: number;
  ticks: number;
  endedChildrenTicks: number;
}

/** Fields 4 and 14 to 17 of proc_pid_stat(5); null for a process that ended while we looked. */
function readStat(pid: number): Stat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [
      1, 11, 12, 13, 14,
    ].map((index) => fields[index]);
    return { pid, parent, ticks: user + system, endedChildrenTicks: endedUser + endedSystem };
  } catch {
    return null;
  }
}

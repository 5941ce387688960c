import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { claimPidLock } from './pid-lock.mjs';

const module = new URL('./pid-lock.mjs', import.meta.url).href;

describe('pid lock', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'baton-lock-'));
    file = join(directory, 'state', 'owner.lock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Claims, prints the outcome, and holds what it got. */
  function claimScript(): string {
    return `
      const { claimPidLock } = await import('${module}');
      const { ownerPid } = claimPidLock(${JSON.stringify(file)});
      console.log(ownerPid === undefined ? 'claimed' : 'owner ' + ownerPid);
      setTimeout(() => {}, 60_000);`;
  }
  function claimElsewhere() {
    return spawn(process.execPath, ['--input-type=module', '-e', claimScript()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }
  function isZombie(pid: number): boolean {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    }
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout.startsWith('Z');
  }
  async function outcomeOf(child: ReturnType<typeof claimElsewhere>): Promise<string> {
    const [chunk] = await once(child.stdout, 'data');
    return String(chunk).trim();
  }

  it('is claimed once, and again after its release', () => {
    const first = claimPidLock(file);
    expect(first.ownerPid).toBeUndefined();
    expect(claimPidLock(file).ownerPid).toBe(process.pid);
    first.release?.();
    expect(existsSync(file)).toBe(false);
    expect(claimPidLock(file).ownerPid).toBeUndefined();
  });

  it('names the living owner to others, and is free once that one is killed', async () => {
    const owner = claimElsewhere();
    expect(await outcomeOf(owner)).toBe('claimed');
    expect(claimPidLock(file).ownerPid).toBe(owner.pid);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(claimPidLock(file).ownerPid).toBeUndefined();
  });

  it('is free once its owner is killed, though nobody has waited for that process yet', async () => {
    // The shell becomes another program, which never asks for the end of the child it inherits.
    const parent = spawn(
      'sh',
      ['-c', '"$0" --input-type=module -e "$1" & exec sleep 60', process.execPath, claimScript()],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    onTestFinished(async () => {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    });
    expect(await outcomeOf(parent)).toBe('claimed');
    const owner = claimPidLock(file).ownerPid ?? 0;
    process.kill(owner, 'SIGKILL');
    await eventually(() => isZombie(owner), { what: 'a zombie' });
    expect(claimPidLock(file).ownerPid).toBeUndefined();
    expect(isZombie(owner)).toBe(true);
  });

  it('is not kept by another process that has the pid now', () => {
    claimPidLock(file);
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'long ago' }));
    expect(claimPidLock(file).ownerPid).toBeUndefined();
  });

  it.each(['', '{', 'null', '{"pid":"x"}'])('takes over a file that says %j', (content) => {
    claimPidLock(file);
    writeFileSync(file, content);
    expect(claimPidLock(file).ownerPid).toBeUndefined();
  });

  it('goes to exactly one of many that find it abandoned', async () => {
    const { pid: gone } = spawnSync(process.execPath, ['-e', '']);
    claimPidLock(file);
    writeFileSync(file, JSON.stringify({ pid: gone, started: 'x' }));
    const children = Array.from({ length: 8 }, claimElsewhere);
    const outcomes = await Promise.all(children.map(outcomeOf));
    for (const child of children) child.kill('SIGKILL');
    const winners = outcomes.filter((outcome) => outcome === 'claimed');
    expect(winners).toHaveLength(1);
    const winner = children[outcomes.indexOf('claimed')];
    const others = outcomes.filter((outcome) => outcome !== 'claimed');
    expect(new Set(others)).toEqual(new Set([`owner ${winner?.pid}`]));
  });
});

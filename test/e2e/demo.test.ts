import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createStateDirectory,
  descendantsOf,
  isRunning,
  type StateDirectory,
  until,
} from '../support/stack-local.ts';

const STORY_MS = 180_000;

interface DemoProcess {
  child: ChildProcess;
  pid: number;
  output(): string;
  exited: Promise<number | null>;
}

/** `npm run demo` as a process; its environment names no server of ours. */
function spawnDemo(stateDir: string, ...args: string[]): DemoProcess {
  const { DATABASE_URL: _database, TEMPORAL_ADDRESS: _temporal, ...environment } = process.env;
  const command = ['scripts/demo.ts', '--no-ui', '--state-dir', stateDir, ...args];
  const child = spawn(process.execPath, command, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  if (child.pid === undefined) throw new Error('scripts/demo.ts did not start');
  return {
    child,
    pid: child.pid,
    output: () => output,
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

describe('npm run demo', () => {
  let state: StateDirectory;
  const started: DemoProcess[] = [];
  const seenPids = new Set<number>();

  beforeAll(() => {
    state = createStateDirectory();
  });
  afterAll(async () => {
    for (const demo of started) {
      demo.child.kill('SIGKILL');
      await demo.exited;
    }
    await until(
      () => ![...seenPids].some(isRunning),
      () => 'a process of the demo is left',
    );
    state.remove();
  });

  function start(...args: string[]): DemoProcess {
    const demo = spawnDemo(state.path, ...args);
    started.push(demo);
    return demo;
  }
  async function watchUntilExit(demo: DemoProcess): Promise<number | null> {
    const watch = setInterval(() => {
      for (const pid of descendantsOf(demo.pid)) seenPids.add(pid);
    }, 500);
    const code = await demo.exited;
    clearInterval(watch);
    return code;
  }
  function secrets(): string[] {
    const file = join(state.path, 'credentials.json');
    const { members }: { members: { key: string }[] } = JSON.parse(readFileSync(file, 'utf8'));
    return members.map(({ key }) => key);
  }

  it(
    'tells the whole story and ends with code 0 and no process left',
    async () => {
      const demo = start('--exit');
      expect(await watchUntilExit(demo), demo.output()).toBe(0);
      const text = demo.output();
      const itemId = /item {3}(itm_[0-9A-Z]{26})/.exec(text)?.[1];
      expect(itemId).toBeDefined();
      for (const refusal of [
        'brief_complete',
        'checklist.insight_attached',
        'targets_set',
        'four_eyes',
        'current_hash',
        'slot_in_future',
      ]) {
        expect(text).toMatch(new RegExp(`^ +${refusal.replace('.', '\\.')}  `, 'm'));
      }
      expect(text).toContain('requests changes by webhook: unsupported_claim');
      for (const [post, stage] of [
        ['planned', 'scheduled'],
        ['planned', 'creation'],
        ['published', 'measuring'],
      ]) {
        const row = `^ +2\\d{3}-.* +Europe/Paris +Sandbox without keys +${post} +${stage} `;
        expect(text).toMatch(new RegExp(row, 'm'));
      }
      expect(text).not.toContain('worth knowing');
      expect(text).toContain('a secret .ics address with 2 events; revoked, it answers 404');
      expect(text).toMatch(/approvals +editor and legal: void/);
      expect(text).toMatch(/outcome +published: found by look-up/);
      expect(text).toMatch(/outcome +unknown: /);
      expect(text).toMatch(/waiting on +social_media_manager for resolve_publication/);
      // Each network took one post, and the story shows the line of the first.
      const file = join(state.path, 'sandbox', 'ledger.jsonl');
      const [, line, shown] = /ledger.jsonl:(\d)\n +marker +(\S+)/.exec(text) ?? [];
      const ledger = readFileSync(file, 'utf8').trim().split('\n');
      expect(ledger).toHaveLength(2);
      expect(JSON.parse(ledger[Number(line) - 1] ?? '').marker).toBe(shown);
      for (const checkpoint of ['+1h', '+24h', '+72h', '+7d', '+28d']) {
        expect(text).toMatch(new RegExp(`\\${checkpoint} +recorded`));
      }
      expect(text).toMatch(/KPI +at +value +target +verdict/);
      expect(text).toMatch(/^ +content_traffic +\+28d .*(met|missed|inconclusive)/m);
      expect(text).toContain(`${itemId}, closed`);
      expect(text).toMatch(/chain +verified/);
      expect(text).toMatch(/audit pack +\d+ kB, verified offline/);
      expect(text).toMatch(/one byte of a copy changed: found in events\.jsonl, row \d+, data/);
      expect(text).toMatch(/finding +overdue/);
      expect(text).toMatch(/waiting on +Camille Creator \(creator\) for submit_for_review/);
      expect(text).toMatch(/unmet +assets_complete/);
      expect(
        text.match(/^ +repaired +looked at again at once: the finding is gone$/gm),
      ).toHaveLength(2);
      for (const told of ['Camille Creator', 'Leon Legal', 'Ada Admin']) {
        expect(text).toMatch(new RegExp(`told: ${told} +“.*”`));
      }
      expect(text).toMatch(/scanner +10 more looks by GET and HEAD: the link is still open/);
      expect(text).toMatch(/POST +200: approve by Claire Conseil, applied/);
      expect(text).toMatch(/again +410: the link is used/);
      expect(text).not.toContain('/approve/');
      // What came by webhook, with how many of it and about how many items.
      expect(text).toMatch(/^ +type +received +items$/m);
      expect(text).toMatch(/^ +publication\.published +2 +1$/m);
      for (const type of ['item.closed', 'clock.extended', 'item.cancelled']) {
        expect(text).toMatch(new RegExp(`^ +${type.replace('.', '\\.')} +1 +1$`, 'm'));
      }
      expect(text).toMatch(/^ +sla\.breached +3 +3$/m);
      expect(text).toMatch(/webhooks +\d+ events, each signed, in order per item/);
      // Nobody's terminal shows colours here, and nobody's secret is shown anywhere.
      expect(text).not.toContain('\u001b[');
      for (const secret of [...secrets(), 'whsec_']) expect(text).not.toContain(secret);
      expect([...seenPids].filter(isRunning)).toEqual([]);
      expect(seenPids.size).toBeGreaterThanOrEqual(5);
    },
    STORY_MS,
  );

  it(
    'runs again on the same state, keeps running, and others may use its stack',
    async () => {
      const owner = start();
      await until(
        () => owner.output().includes('The story took') || owner.child.exitCode !== null,
        owner.output,
        STORY_MS,
      );
      expect(owner.child.exitCode, owner.output()).toBeNull();
      expect(owner.output()).toMatch(/ledger\.jsonl:[34]\n/);
      const seconds = Number(/The story took (\d+) s/.exec(owner.output())?.[1]);
      // The bound is for a machine that has other work as well.
      expect(seconds).toBeLessThan(60);

      const guest = start('--exit');
      expect(await guest.exited, guest.output()).toBe(0);
      expect(guest.output()).toContain(`The stack of process ${owner.pid} runs on`);
      expect(guest.output()).toMatch(/ledger\.jsonl:[56]\n/);
      expect(owner.child.exitCode).toBeNull();

      for (const pid of descendantsOf(owner.pid)) seenPids.add(pid);
      owner.child.kill('SIGINT');
      expect(await owner.exited).toBe(0);
      expect([...seenPids].filter(isRunning)).toEqual([]);
    },
    2 * STORY_MS,
  );

  it('ends at once when it is interrupted in the middle of the story', async () => {
    const demo = start();
    await until(() => demo.output().includes('A handoff has two sides'), demo.output);
    for (const pid of descendantsOf(demo.pid)) seenPids.add(pid);
    demo.child.kill('SIGINT');
    expect(await demo.exited).toBe(130);
    expect(demo.output()).not.toContain('The story stops here');
    expect([...seenPids].filter(isRunning)).toEqual([]);
  });

  it('says what does not start, and exits with 1', async () => {
    expect(existsSync('/dev/null/state')).toBe(false);
    const demo = spawnDemo('/dev/null/state', '--exit');
    started.push(demo);
    expect(await demo.exited).toBe(1);
    expect(demo.output()).toContain('The local stack did not start.');
    expect(demo.output()).toContain('/dev/null/state cannot be used for the state');
  });
});

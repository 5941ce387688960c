import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoProcess, type Demos, openDemos, spawnDemo } from '../support/demo-process.ts';
import { until } from '../support/stack-local.ts';

const STORY_MS = 180_000;

/** `npm run test:long` tells the story twice more, on the same state and on the stack of another demo. */
describe('npm run demo', () => {
  let demos: Demos;
  beforeAll(() => {
    demos = openDemos();
  });
  afterAll(() => demos?.dispose());

  async function watchUntilExit(demo: DemoProcess): Promise<number | null> {
    const watch = setInterval(() => demos.look(demo), 500);
    const code = await demo.exited;
    clearInterval(watch);
    return code;
  }
  function secrets(): string[] {
    const file = join(demos.state.path, 'credentials.json');
    const { members }: { members: { key: string }[] } = JSON.parse(readFileSync(file, 'utf8'));
    return members.map(({ key }) => key);
  }

  it(
    'tells the whole story and ends with code 0 and no process left',
    async () => {
      const demo = demos.start('--exit');
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
      const file = join(demos.state.path, 'sandbox', 'ledger.jsonl');
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
      const { count, running } = demos.seen();
      expect(running).toEqual([]);
      expect(count).toBeGreaterThanOrEqual(5);
    },
    STORY_MS,
  );

  it('ends at once when it is interrupted in the middle of the story', async () => {
    const demo = demos.start();
    await until(() => demo.output().includes('A handoff has two sides'), demo.output);
    demos.look(demo);
    demo.child.kill('SIGINT');
    expect(await demo.exited).toBe(130);
    expect(demo.output()).not.toContain('The story stops here');
    expect(demos.seen().running).toEqual([]);
  });

  it('says what does not start, and exits with 1', async () => {
    expect(existsSync('/dev/null/state')).toBe(false);
    const demo = spawnDemo('/dev/null/state', '--exit');
    expect(await demo.exited).toBe(1);
    expect(demo.output()).toContain('The local stack did not start.');
    expect(demo.output()).toContain('/dev/null/state cannot be used for the state');
  });
});

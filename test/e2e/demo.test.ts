import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyEvidence } from '../../src/evidence/verify/verify-evidence.ts';
import { type DemoProcess, type Demos, openDemos, spawnDemo } from '../support/demo-process.ts';
import { until } from '../support/stack-local.ts';

const STORY_MS = 180_000;

function withoutBreaks(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

/** What stands in each chapter, by its title. */
function chaptersOf(text: string): Map<string, string> {
  const parts = text.split(/^[ \d]\d {2}(?=\S)/m).slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end)] as const;
    }),
  );
}

/** The story ends with the review of the item, that of a campaign of two, and the brief that follows. */
function expectReviews(text: string, itemId: string): void {
  const chapters = chaptersOf(text);
  const names = [...chapters.keys()];
  expect(names.slice(-2)).toEqual(['The review of the campaign', 'The next brief']);
  const ofItem = chapters.get('Verdicts, and three signatures') ?? '';
  const ofCampaign = chapters.get('The review of the campaign') ?? '';
  for (const [review, rows] of [
    [ofItem, 12],
    [ofCampaign, 5],
  ] as const) {
    expect(review).toMatch(/^ +KPI +at +value +95 % interval +target +bullet +verdict$/m);
    const bullets = review.match(
      /^ +\w+( \*)? +\+\d+d +\S.* +[≥≤] \S.* +[█▒·]*┃[█▒·]* +(met|missed|inconclusive|insufficient_data)$/gm,
    );
    expect(bullets).toHaveLength(rows);
    const decides = bullets?.filter((line) => line.includes(' * '));
    expect(decides).toHaveLength(1);
    expect(decides?.[0]).toMatch(/^ +conversions \* +\+28d +\S+ +\S+ to \S+ +≥ /);
    expect(withoutBreaks(review)).toMatch(
      /Why: .*conversions \S.*(target|met|missed).* combined (met|missed|inconclusive) by conversions/,
    );
    expect(review).toMatch(/^ +recommendation +\w+ \(row \d+\): [A-Z]/m);
    expect(review).toMatch(/^ +✓ \w.* agrees, as social_media_manager$/m);
  }
  // Two posts, at the two ages that have targets.
  expect(withoutBreaks(ofItem)).toMatch(/completeness 5 of 5 sources, per post and age/);
  const [, ofFirst] = /decides (\w+).*; 2 learnings for the next brief$/m.exec(ofItem) ?? [];
  expect(ofFirst).toMatch(/^(scale|iterate|recycle)$/);
  const items = ofCampaign.match(/^ +itm_[0-9A-Z]{26} +\w+ +\w+ +(scale|iterate|recycle) +\S/gm);
  expect(items).toHaveLength(2);
  expect(items?.[0]).toContain(itemId);
  expect(ofCampaign).toMatch(/^ +decision +(scale|iterate|recycle) by Simone Strategist, 2\d{3}-/m);
  expect(ofCampaign).toMatch(/^ +campaign +cmp_[0-9A-Z]{26}, closed$/m);
  const next = withoutBreaks(chapters.get('The next brief') ?? '');
  expect(next).toMatch(/starts itm_[0-9A-Z]{26} from the review; asked twice, it is one/);
  expect(next).toMatch(/learnings .*Une scène de fournil en ouverture.*offered /);
}

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
        'decision_reasoned',
        'strategist_decides_first',
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
      // Each network took a post of each item, and the story shows the line of the first.
      const file = join(demos.state.path, 'sandbox', 'ledger.jsonl');
      const [, line, shown] = /ledger.jsonl:(\d)\n +marker +(\S+)/.exec(text) ?? [];
      const ledger = readFileSync(file, 'utf8').trim().split('\n');
      expect(ledger).toHaveLength(4);
      expect(JSON.parse(ledger[Number(line) - 1] ?? '').marker).toBe(shown);
      for (const checkpoint of ['+1h', '+24h', '+72h', '+7d', '+28d']) {
        expect(text).toMatch(new RegExp(`\\${checkpoint} +recorded`));
      }
      expect(text).toContain(`${itemId}, closed`);
      expect(text).toMatch(/chain +verified/);
      expect(text).toMatch(/audit pack +\d+ kB, verified offline/);
      expect(text).toMatch(/one byte of a copy changed: found in events\.jsonl, row \d+, data/);
      expect(withoutBreaks(text)).toMatch(
        /rewritten the chain of a copy made anew, it agrees with itself: found in events\.jsonl, row \d+, hash: checkpoint 1 of/,
      );
      const kept = join(demos.state.path, `evidence-${itemId}`);
      const held = {
        checkpoints: join(kept, 'checkpoint.json'),
        keys: [join(kept, 'checkpoint-key.pub')],
      };
      expect(await verifyEvidence({ pack: join(kept, 'pack.zip'), ...held })).toMatchObject({
        faults: [],
        facts: expect.arrayContaining([expect.stringContaining('1 of their heads')]),
      });
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
      expect(text).toMatch(/^ +publication\.published +4 +2$/m);
      for (const type of ['item.closed', 'clock.extended', 'item.cancelled']) {
        expect(text).toMatch(new RegExp(`^ +${type.replace('.', '\\.')} +1 +1$`, 'm'));
      }
      expect(text).toMatch(/^ +sla\.breached +3 +3$/m);
      expect(text).toMatch(/webhooks +\d+ events, each signed, in order per item/);
      expectReviews(text, itemId ?? '');
      const page = join(demos.state.path, `kpi-review-${itemId}.html`);
      expect(withoutBreaks(text)).toContain(`review as a page ${page} `);
      expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>.*<svg.*Une scène de fournil/is);
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

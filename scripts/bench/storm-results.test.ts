import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ledgerReader } from './ledger-reader.ts';
import type { Storm } from './storm.ts';
import { renderStorms } from './storm-report.ts';
import { summariseStorms } from './storm-results.ts';

/** A storm of four posts, the last of them accepted `lastMs` after the due time. */
function storm(variant: Storm['variant'], round: number, lastMs: number): Storm {
  return {
    round,
    variant,
    posts: 4,
    lateness: [lastMs / 4, lastMs / 2, lastMs, lastMs / 2],
    lost: 0,
    twice: 0,
    early: 0,
    settledAfter: lastMs * 2,
    processorMs: { worker: 10 },
    transactions: 3,
  };
}

const rounds = [
  storm('bare', 1, 1_000),
  storm('baton', 1, 2_000),
  storm('baton', 2, 1_600),
  storm('bare', 2, 400),
];

describe('the results of a due storm', () => {
  it('compare the rates of each round with each other only', () => {
    const { ratio, met, sound, variants } = summariseStorms(rounds);
    expect(ratio).toEqual({ min: 0.25, median: 0.375, max: 0.5 });
    expect(met).toBe(false);
    expect(sound).toBe(true);
    const [bare, baton] = variants;
    expect(bare?.postsPerSecond.median).toBeCloseTo(7);
    expect(baton?.lateness?.p50).toBe(900);
    expect(baton?.settledAfter).toBe(3_600);
  });

  it.each(['lost', 'twice', 'early'] as const)('are not sound when a post is %s', (fault) => {
    const [first, ...others] = rounds;
    const results = summariseStorms([{ ...(first as Storm), [fault]: 1 }, ...others]);
    expect(results.sound).toBe(false);
    expect(results.variants[0]?.[fault]).toBe(1);
  });

  it('show what was never accepted or never settled as missing, not as zero', () => {
    const nothing = { ...storm('baton', 1, 1), lateness: [], lost: 4, settledAfter: null };
    const work = { workflowTasks: 2, activities: 1, runs: 0, events: 11 };
    const report = renderStorms(summariseStorms([storm('bare', 1, 1_000), nothing]), {
      heading: 'A test.',
      engineWork: { bare: work, baton: work },
    });
    expect(report).toMatch(/^Baton: .* +0\.0 +– +– +– +– +4 +0 +0$/m);
    expect(report).toMatch(/^posts\/s Baton \/ bare +0\.00 .*MISSED$/m);
  });
});

it('reads a ledger while it grows: every line once, and none before it is whole', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ledger reader-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'ledger.jsonl');
  const ledger = ledgerReader(path);
  expect(ledger.newLines()).toEqual([]);
  const line = (marker: string) => `{"marker":"${marker}","at":"2026-11-28T10:00:00.000Z"}\n`;
  appendFileSync(path, line('a') + line('b').slice(0, 20));
  expect(ledger.newLines().map(({ marker }) => marker)).toEqual(['a']);
  appendFileSync(path, line('b').slice(20) + line('à'));
  expect(ledger.newLines().map(({ marker }) => marker)).toEqual(['b', 'à']);
  expect(ledger.newLines()).toEqual([]);
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { hashOf } from './canonical.ts';
import { derivedId } from './ids.ts';
import { addMs, ageMs } from './item/ages.ts';
import { Brief, missingBriefFields } from './item/content/brief.ts';
import { digestBrief } from './item/content/digests.ts';
import { assetKindsOf, Draft } from './item/content/draft.ts';
import { Playbook } from './playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from './playbook/standard.ts';

describe('the playbook that ships', () => {
  it('is valid by its own schema', () => {
    expect(Playbook.parse(STANDARD_PLAYBOOK)).toEqual(STANDARD_PLAYBOOK);
  });

  it.each<[string, object]>([
    ['asks a role twice', { gate: [...STANDARD_PLAYBOOK.gate, { role: 'editor', quorum: 'all' }] }],
    ['asks nobody always', { gate: [{ role: 'legal', quorum: 'any', when: ['claims'] }] }],
    ['asks an owner role', { gate: [{ role: 'creator', quorum: 'any' }] }],
    ['needs no checkpoint', { checkpoints: [{ name: '+1h', required: false }] }],
    ['has an age without a sign', { checkpoints: [{ name: '1h', required: true }] }],
    ['lacks a clock', { clocks: { briefing: { amount: 1, unit: 'hours' } } }],
    ['has a quorum of none', { gate: [{ role: 'editor', quorum: { atLeast: 0 } }] }],
    ['says more than it may', { colour: 'blue' }],
  ])('is refused when it %s', (_, change) => {
    expect(Playbook.safeParse({ ...STANDARD_PLAYBOOK, ...change }).success).toBe(false);
  });
});

describe('a brief', () => {
  const complete = {
    objective: 'More trials',
    goal: 'convert',
    intent: 'inform',
    pillar: 'craft',
    audience: { description: 'makers', method: 'interview', sources: ['five calls'] },
    keyMessage: 'It is easy',
    callToAction: { text: 'Try it', url: 'https://example.com/try' },
    formats: ['written'],
    channels: ['sandbox'],
    languages: ['fr'],
    dueAt: '2027-01-10T10:00:00.000Z',
  };

  it('can be saved empty, and names what a handoff still needs', () => {
    const missing = missingBriefFields(Brief.parse({}));
    expect(missing).toContain('audience.sources');
    expect(missing).toHaveLength(14);
    expect(missingBriefFields(Brief.parse(complete))).toEqual([]);
    expect(missingBriefFields(Brief.parse({ ...complete, pillar: undefined }))).toEqual(['pillar']);
    expect(missingBriefFields(Brief.parse({ ...complete, channels: [] }))).toEqual(['channels']);
  });

  it.each<[string, object]>([
    ['an unknown field', { colour: 'blue' }],
    ['a blank text', { objective: '   ' }],
    ['a script as its address', { callToAction: { url: 'javascript:alert(1)' } }],
    [
      'a target twice',
      {
        kpiTargets: [
          { kpi: 'a', target: 1, checkpoint: '+7d' },
          { kpi: 'a', target: 2, checkpoint: '+7d' },
        ],
      },
    ],
    [
      'two primary targets',
      {
        kpiTargets: [
          { kpi: 'a', target: 1, checkpoint: '+7d', primary: true },
          { kpi: 'b', target: 2, checkpoint: '+7d', primary: true },
        ],
      },
    ],
    [
      'a target that is no number',
      { kpiTargets: [{ kpi: 'a', target: Number.NaN, checkpoint: '+7d' }] },
    ],
    ['an unknown goal', { goal: 'delete' }],
    ['a guardrail on no KPI', { guardrails: [{ kpi: 'charm', checkpoint: '+7d' }] }],
    ['a guardrail without an age', { guardrails: [{ kpi: 'sentiment' }] }],
  ])('with %s is refused', (_, change) => {
    expect(Brief.safeParse({ ...complete, ...change }).success).toBe(false);
  });
});

describe('what is frozen with a brief', () => {
  const kpiTargets: Brief['kpiTargets'] = [{ kpi: 'shares', target: 30, checkpoint: '+7d' }];
  const guardrails: Brief['guardrails'] = [{ kpi: 'sentiment', checkpoint: '+7d' }];
  const hashWith = (brief: Brief) => digestBrief(brief, 1).targetsHash;

  it('are its targets and guardrails', () => {
    const hashes = [{ kpiTargets, guardrails }, { kpiTargets }, { guardrails }].map(hashWith);
    expect(new Set(hashes).size).toBe(3);
  });

  it('hashes as before where there is no guardrail', () => {
    expect(hashWith({ kpiTargets, guardrails: [] })).toBe(hashOf(kpiTargets));
  });
});

describe('a draft', () => {
  const draft = { language: 'fr', title: 'Titre', body: 'Texte' };
  const asset = { hash: 'a'.repeat(64), kind: 'visual', rights: 'ours' };

  it('holds the kinds of its assets, and writing when its body is not blank', () => {
    expect(assetKindsOf(Draft.parse({ ...draft, assets: [asset] }))).toEqual(['visual', 'written']);
    expect(assetKindsOf(Draft.parse({ ...draft, body: ' \n' }))).toEqual([]);
  });

  it.each<[string, object]>([
    [
      'two variants of a channel',
      {
        variants: [
          { channel: 'x', text: 'a' },
          { channel: 'x', text: 'b' },
        ],
      },
    ],
    [
      'a variant with an asset of another',
      { variants: [{ channel: 'x', text: 'a', assets: ['b'.repeat(64)] }] },
    ],
    ['an asset without rights', { assets: [{ ...asset, rights: ' ' }] }],
    ['a hash that is none', { assets: [{ ...asset, hash: 'A'.repeat(64) }] }],
  ])('with %s is refused', (_, change) => {
    expect(Draft.safeParse({ ...draft, ...change }).success).toBe(false);
  });
});

describe('ages and ids', () => {
  it.each([
    ['+1h', 3_600_000],
    ['+24h', 86_400_000],
    ['+90d', 90 * 86_400_000],
  ])('%s is %d ms', (age, ms) => {
    expect(ageMs(age)).toBe(ms);
  });

  it.each(['1h', '+0h', '+1w', '-1d', '+1.5d', ''])('%j is no age', (age) => {
    expect(() => ageMs(age)).toThrow(RangeError);
  });

  it('are absolute: a day is 24 hours across a change of clocks', () => {
    expect(addMs('2027-03-27T12:00:00.000Z', ageMs('+1d'))).toBe('2027-03-28T12:00:00.000Z');
  });

  it('of what a run creates come from the item and a counter', () => {
    expect(derivedId('publication', 'itm_01ABC', 2)).toBe('pub_01ABC_2');
    expect(derivedId('handoff', 'itm_01ABC', 1)).toBe('hnd_01ABC_1');
  });
});

describe('what the run imports', () => {
  /** Files that a module needs at run time, by the import statements that are not types only. */
  async function runtimeImports(file: URL, seen = new Map<string, string[]>()) {
    if (seen.has(file.href)) return seen;
    const source = await readFile(file, 'utf8');
    const targets = [
      ...source.matchAll(/^(?:import|export) (?!type\b)(?:[^'";]*? from )?'([^']+)';/gms),
    ].map(([, target = '']) => target);
    seen.set(
      file.href,
      targets.filter((target) => !target.startsWith('.')),
    );
    for (const target of targets.filter((path) => path.startsWith('.'))) {
      await runtimeImports(new URL(target, file), seen);
    }
    return seen;
  }

  it('is xstate and hashing, and neither zod nor node', async () => {
    const files = new Map<string, string[]>();
    for (const entry of ['run', 'deadlines', 'event', 'content/version-tag']) {
      await runtimeImports(new URL(`./item/${entry}.ts`, import.meta.url), files);
    }
    expect(files.size).toBeGreaterThan(20);
    expect([...new Set([...files.values()].flat())].sort()).toEqual([
      '@noble/hashes/sha2.js',
      '@noble/hashes/utils.js',
      'canonicalize',
      'xstate',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  RECOMMENDATION_INPUTS,
  RECOMMENDATION_TABLE,
  type RecommendationInput,
  recommend,
  recommendationInput,
  rowsFor,
} from './recommendation.ts';
import { type GuardrailRow, VERDICTS, type VerdictRow } from './verdict-schema.ts';

function everyInput(): RecommendationInput[] {
  let inputs: Record<string, string>[] = [{}];
  for (const [part, values] of Object.entries(RECOMMENDATION_INPUTS)) {
    inputs = inputs.flatMap((input) => values.map((value) => ({ ...input, [part]: value })));
  }
  return inputs as RecommendationInput[];
}

const MET: RecommendationInput = {
  primary: 'met',
  guardrails: 'kept',
  secondaries: 'mixed',
  completeness: 'complete',
  look: 'first',
  lasting: 'dated',
};

describe('the table of recommendations', () => {
  it('has exactly one row for every case, and no row for none', () => {
    const used = new Set<number>();
    const inputs = everyInput();
    expect(inputs).toHaveLength(7 * 3 * 3 * 2 * 2 * 2);
    for (const input of inputs) {
      const rows = rowsFor(input);
      expect(rows, JSON.stringify(input)).toHaveLength(1);
      used.add(rows[0]?.number ?? 0);
    }
    expect([...used].sort((a, b) => a - b)).toEqual(
      RECOMMENDATION_TABLE.map(({ number }) => number),
    );
  });

  it('knows every verdict', () => {
    expect([...RECOMMENDATION_INPUTS.primary].sort()).toEqual([...VERDICTS].sort());
  });

  it('recommends a repeat of nothing but what is met without harm', () => {
    for (const input of everyInput()) {
      const { decision } = recommend(input);
      if (decision !== 'scale' && decision !== 'recycle') continue;
      expect([input.primary, input.guardrails === 'broken']).toEqual(['met', false]);
    }
  });

  it('asks for a further measurement once', () => {
    for (const input of everyInput()) {
      if (input.look === 'later') expect(recommend(input).decision).not.toBe('extend_measurement');
    }
  });

  it.each([
    [{}, 'scale'],
    [{ lasting: 'evergreen' }, 'recycle'],
    [{ guardrails: 'broken' }, 'iterate'],
    [{ primary: 'missed' }, 'iterate'],
    [{ primary: 'missed', secondaries: 'mostly_missed' }, 'retire'],
    [{ primary: 'missed', completeness: 'partial' }, 'extend_measurement'],
    [{ primary: 'inconclusive' }, 'extend_measurement'],
    [{ primary: 'inconclusive', look: 'later' }, 'iterate'],
    [{ primary: 'no_target' }, 'iterate'],
  ] as const)('with %j says %s, with its reason', (part, decision) => {
    const recommendation = recommend({ ...MET, ...part });
    expect(recommendation.decision).toBe(decision);
    expect(recommendation.reason).toMatch(/^[A-Z].+\.$/);
  });
});

describe('what the table looks at', () => {
  const row = (part: Partial<VerdictRow>) =>
    ({ scope: 'item:a', target: 1, verdict: 'met', ...part }) as VerdictRow;
  const primary = { kpi: 'click_through_rate' as const, checkpoint: '+7d' };
  const asked: Parameters<typeof recommendationInput>[0] = {
    verdicts: {
      rows: [
        row({ ...primary, verdict: 'missed', primary: true }),
        row({ ...primary, verdict: 'missed', role: 'creator' }),
        row({ kpi: 'bounce_rate', checkpoint: '+7d' }),
        row({ kpi: 'downloads', checkpoint: '+7d', target: null, verdict: 'no_target' }),
        row({ kpi: 'downloads', checkpoint: '+7d', scope: 'channel:b', verdict: 'missed' }),
      ],
      primary,
      combined: { verdict: 'missed', kpi: primary.kpi, reason: '' },
    },
    checkpoints: [
      { checkpoint: '+7d', state: 'recorded' },
      { checkpoint: '+28d', state: 'missing' },
    ],
    isLater: false,
    evergreen: false,
  };

  it('is the primary verdict, and the other targets of the whole, each counted once', () => {
    expect(recommendationInput(asked)).toEqual({
      primary: 'missed',
      guardrails: 'unknown',
      secondaries: 'mostly_met',
      completeness: 'complete',
      look: 'first',
      lasting: 'dated',
    });
  });

  it.each([
    [['held', 'no_benchmark'], 'kept'],
    [['held', 'broken'], 'broken'],
    [['inconclusive'], 'unknown'],
    [[], 'unknown'],
  ] as const)('takes guardrails that are %j as %s', (verdicts, found) => {
    const guardrails = verdicts.map((verdict) => ({ verdict }) as GuardrailRow);
    const input = recommendationInput({ ...asked, verdicts: { ...asked.verdicts, guardrails } });
    expect(input.guardrails).toBe(found);
  });

  it('is partial where a post was not measured at the age of the primary target', () => {
    const checkpoints = [...asked.checkpoints, { checkpoint: '+168h', state: 'missing' as const }];
    expect(recommendationInput({ ...asked, checkpoints }).completeness).toBe('partial');
  });
});

import { describe, expect, it } from 'vitest';
import { KpiGuardrails, KpiTargets } from './targets.ts';

describe('the targets of a brief', () => {
  const target = (checkpoint: string, value = 10) => ({
    kpi: 'shares',
    target: value,
    checkpoint,
  });

  it('are one for each KPI and age', () => {
    expect(KpiTargets.safeParse([target('+24h'), target('+7d')]).success).toBe(true);
    expect(KpiTargets.safeParse([target('+7d'), target('+7d')]).error?.issues).toMatchObject([
      { path: [1], message: 'shares at +7d has a target already' },
    ]);
  });

  it('are for one age under both of its names', () => {
    expect(KpiTargets.safeParse([target('+1d'), target('+24h', 20)]).error?.issues).toMatchObject([
      { path: [1], message: 'shares at +24h has a target already' },
    ]);
  });
});

describe('the guardrails of a brief', () => {
  it('are for one age under both of its names', () => {
    const guardrails = [
      { kpi: 'sentiment', checkpoint: '+168h' },
      { kpi: 'sentiment', checkpoint: '+7d' },
    ];
    expect(KpiGuardrails.safeParse(guardrails).error?.issues).toMatchObject([{ path: [1] }]);
  });
});

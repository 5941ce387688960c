import { z } from 'zod';
import { KPI_IDS, kpiTargetIssue } from './catalogue.ts';
import { CheckpointName } from './checkpoint-name.ts';
import { checkpointAgeHours } from './readings.ts';

export const KpiTarget = z
  .strictObject({
    kpi: z.enum(KPI_IDS),
    target: z.number().describe('rates are fractions: 3 % is 0.03'),
    checkpoint: CheckpointName,
    primary: z.boolean().optional(),
  })
  .superRefine(({ kpi, target }, context) => {
    const issue = kpiTargetIssue(kpi, target);
    if (issue !== null) context.addIssue({ code: 'custom', path: ['target'], message: issue });
  })
  .meta({
    id: 'KpiTarget',
    example: { kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d' },
  });
export type KpiTarget = z.infer<typeof KpiTarget>;

/** Targets of a brief or a campaign: one per KPI and age, at most one primary. */
export const KpiTargets = z
  .array(KpiTarget)
  .max(50)
  .superRefine((targets, context) => {
    if (targets.filter(({ primary }) => primary).length > 1) {
      context.addIssue({ code: 'custom', message: 'at most one target is primary' });
    }
    refuseDoubles(targets, 'has a target already', context);
  });

/** A KPI that must not get worse than own pieces at the same age. */
export const KpiGuardrail = z
  .strictObject({ kpi: z.enum(KPI_IDS), checkpoint: CheckpointName })
  .meta({ id: 'KpiGuardrail', example: { kpi: 'sentiment', checkpoint: '+7d' } });
export type KpiGuardrail = z.infer<typeof KpiGuardrail>;

/** Guardrails of a brief: one per KPI and age. */
export const KpiGuardrails = z
  .array(KpiGuardrail)
  .max(20)
  .superRefine((guardrails, context) =>
    refuseDoubles(guardrails, 'is a guardrail already', context),
  );

/** `+1d` and `+24h` are one age. */
function refuseDoubles(
  asked: readonly KpiGuardrail[],
  why: string,
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  for (const [index, { kpi, checkpoint }] of asked.entries()) {
    const key = `${kpi} ${checkpointAgeHours(checkpoint)}`;
    if (seen.has(key)) {
      const message = `${kpi} at ${checkpoint} ${why}`;
      context.addIssue({ code: 'custom', path: [index], message });
    }
    seen.add(key);
  }
}

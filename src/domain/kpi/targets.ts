import { z } from 'zod';
import { KPI_IDS, kpiTargetIssue } from './catalogue.ts';
import { CheckpointName } from './checkpoint-name.ts';

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

/** Targets of a brief or a campaign: one per KPI and checkpoint, at most one primary. */
export const KpiTargets = z
  .array(KpiTarget)
  .max(50)
  .superRefine((targets, context) => {
    if (targets.filter(({ primary }) => primary).length > 1) {
      context.addIssue({ code: 'custom', message: 'at most one target is primary' });
    }
    const seen = new Set<string>();
    for (const [index, { kpi, checkpoint }] of targets.entries()) {
      const key = `${kpi} ${checkpoint}`;
      if (seen.has(key)) {
        const message = `${kpi} at ${checkpoint} has a target already`;
        context.addIssue({ code: 'custom', path: [index], message });
      }
      seen.add(key);
    }
  });

/** A KPI that must not get worse than own pieces at the same age. */
export const KpiGuardrail = z
  .strictObject({ kpi: z.enum(KPI_IDS), checkpoint: CheckpointName })
  .meta({ id: 'KpiGuardrail', example: { kpi: 'sentiment', checkpoint: '+7d' } });
export type KpiGuardrail = z.infer<typeof KpiGuardrail>;

/** Guardrails of a brief: one per KPI and checkpoint. */
export const KpiGuardrails = z
  .array(KpiGuardrail)
  .max(20)
  .superRefine((guardrails, context) => {
    const seen = new Set<string>();
    for (const [index, { kpi, checkpoint }] of guardrails.entries()) {
      const key = `${kpi} ${checkpoint}`;
      if (seen.has(key)) {
        const message = `${kpi} at ${checkpoint} is a guardrail already`;
        context.addIssue({ code: 'custom', path: [index], message });
      }
      seen.add(key);
    }
  });

import { z } from '@hono/zod-openapi';
import { GuardrailVerdict, Verdict, VerdictRow } from '../../domain/kpi/verdict-schema.ts';

const AnyVerdict = z.union([Verdict, GuardrailVerdict]);
/** A verdict that later readings turned into another one. */
export const VerdictFlip = VerdictRow.pick({
  kpi: true,
  scope: true,
  checkpoint: true,
  primary: true,
})
  .extend({
    role: VerdictRow.shape.role.nullable().describe('null: of a guardrail'),
    was: AnyVerdict,
    is: AnyVerdict,
    valueWas: z.number().nullable(),
    value: z.number().nullable(),
    reason: z.string(),
  })
  .meta({ id: 'VerdictFlip' });

import { z } from '@hono/zod-openapi';
import type { CommandRow } from '../../db/item/commands.ts';
import { comment } from '../../domain/item/commands/body-parts.ts';
import { REASONS } from '../../domain/item/commands/reasons.ts';
import { isStorableText } from '../gates/safe-json.ts';

const Decision = z.enum(['approve', 'request_changes']);

/** What was decided by a link, and what the item made of it. */
export interface GivenDecision {
  decision: z.infer<typeof Decision>;
  outcome: 'applied' | 'refused' | 'pending';
  at: string;
}

/** The decision in the command of a link. */
export function decisionOf(
  command: Pick<CommandRow, 'payload' | 'state' | 'settledAt' | 'createdAt'>,
): GivenDecision {
  const { message } = z
    .object({ message: z.object({ refs: z.object({ decision: Decision }) }) })
    .parse(command.payload);
  const outcome = command.state === 'expired' ? 'refused' : command.state;
  const at = command.settledAt ?? command.createdAt;
  return { decision: message.refs.decision, outcome, at };
}

/** What the form sends. Its buttons are two of one name; an empty field is one left out. */
export const DecisionForm = z
  .strictObject({
    decision: Decision,
    reason: z.preprocess((value) => (value === '' ? undefined : value), z.enum(REASONS).optional()),
    comment: z.preprocess(
      (value) => (typeof value === 'string' && value.trim() === '' ? undefined : value),
      comment,
    ),
  })
  .refine(({ decision, reason }) => decision === 'approve' || reason !== undefined, {
    path: ['reason'],
    message: 'a request for changes needs a reason',
  })
  .meta({ id: 'DecisionForm' });
export type DecisionForm = z.infer<typeof DecisionForm>;

/**
 * The fields of a form.
 * @returns null when one comes twice, which says two things, or holds what no text may.
 */
export function formFields(rawBody: Buffer): Record<string, string> | null {
  const fields = [...new URLSearchParams(rawBody.toString('utf8'))];
  const names = new Set(fields.map(([name]) => name));
  const isSound = names.size === fields.length && fields.flat().every(isStorableText);
  return isSound ? Object.fromEntries(fields) : null;
}

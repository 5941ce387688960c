import type { ItemContext } from './item-context.ts';
import type { Place } from './stages.ts';

/** Something that time alone makes happen. `at` in epoch milliseconds. */
export type Deadline =
  | { kind: 'clock_step'; at: number; step: 0 | 1 | 2 | 3 }
  | {
      kind: 'publication_due' | 'slot_passed' | 'approval_deadline_passed';
      at: number;
      publicationId: string;
    }
  | {
      kind: 'checkpoint';
      at: number;
      graceUntil: number;
      publicationId: string;
      checkpoint: string;
    };

const MINUTE_MS = 60_000;

/** Every deadline of an item, soonest first. */
export function deadlinesOf(place: Place, context: ItemContext): Deadline[] {
  if (place === 'closed' || place === 'cancelled') return [];
  return [
    ...clockDeadline(context),
    ...slotDeadlines(place, context),
    ...checkpointDeadlines(context),
  ].sort((a, b) => a.at - b.at);
}

function clockDeadline({ clock }: ItemContext): Deadline[] {
  if (clock === null || clock.pausedAt !== null) return [];
  const step = ([0, 1, 2, 3] as const)[clock.fired];
  return step === undefined ? [] : [{ kind: 'clock_step', at: clock.steps[step], step }];
}

/** Slots become due only in `scheduled` and `publishing`; elsewhere they are missed after their grace. */
function slotDeadlines(place: Place, context: ItemContext): Deadline[] {
  const mayBecomeDue = place === 'scheduled' || place === 'publishing';
  const { slotGraceMinutes, approvalDeadlineMinutes } = context.playbook;
  return context.publications.flatMap(({ id, state, at }): Deadline[] => {
    const slot = Date.parse(at);
    if (state === 'planned') {
      return mayBecomeDue
        ? [{ kind: 'publication_due', at: slot, publicationId: id }]
        : [{ kind: 'slot_passed', at: slot + slotGraceMinutes * MINUTE_MS, publicationId: id }];
    }
    if (state === 'tentative') {
      const releaseAt = slot - approvalDeadlineMinutes * MINUTE_MS;
      return [{ kind: 'approval_deadline_passed', at: releaseAt, publicationId: id }];
    }
    return [];
  });
}

function checkpointDeadlines({ checkpoints, playbook }: ItemContext): Deadline[] {
  return checkpoints.flatMap(({ state, dueAt, publicationId, checkpoint }): Deadline[] => {
    if (state !== 'due') return [];
    const at = Date.parse(dueAt);
    const graceUntil = at + playbook.checkpointGraceHours * 60 * MINUTE_MS;
    return [{ kind: 'checkpoint', at, graceUntil, publicationId, checkpoint }];
  });
}

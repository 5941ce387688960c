import { ageMs } from './ages.ts';
import type { SystemEvent } from './commands.ts';
import { type ItemContext, publicationById } from './context.ts';
import { rulesOf } from './machine/rules.ts';
import { givenUpAt, heldUntil, isApproved, isBound, slotEndsAt } from './slots.ts';
import { isFinal, type Place, SENDING_STAGES, stageOf } from './stages.ts';

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

const HOUR_MS = 3_600_000;

/** Every deadline of an item, soonest first. */
export function deadlinesOf(place: Place, context: ItemContext): Deadline[] {
  if (isFinal(place)) return [];
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
  const mayBecomeDue = SENDING_STAGES.includes(stageOf(place));
  return context.publications.flatMap((record): Deadline[] => {
    const { id: publicationId, state } = record;
    if (state === 'planned') {
      const givenUp = givenUpAt(context, record);
      if (!mayBecomeDue && givenUp !== null) {
        return [{ kind: 'approval_deadline_passed', at: givenUp, publicationId }];
      }
      return mayBecomeDue
        ? [{ kind: 'publication_due', at: Date.parse(record.at), publicationId }]
        : [{ kind: 'slot_passed', at: slotEndsAt(record, context.playbook), publicationId }];
    }
    if (state === 'tentative') {
      return [{ kind: 'approval_deadline_passed', at: heldUntil(context, record), publicationId }];
    }
    return [];
  });
}

function checkpointDeadlines({ checkpoints, playbook }: ItemContext): Deadline[] {
  const { windowWithinAge = false } = rulesOf({ playbook });
  return checkpoints.flatMap(({ state, dueAt, publicationId, checkpoint }): Deadline[] => {
    if (state !== 'due') return [];
    const at = Date.parse(dueAt);
    const graceMs = playbook.checkpointGraceHours * HOUR_MS;
    const graceUntil = at + (windowWithinAge ? Math.min(graceMs, ageMs(checkpoint)) : graceMs);
    return [{ kind: 'checkpoint', at, graceUntil, publicationId, checkpoint }];
  });
}

/**
 * The event that a deadline's timer produces.
 * @param nowMs epoch milliseconds by the run's clock when the timer is looked at.
 * @returns null when the deadline is off (the item has changed or the time was moved), and
 * for a checkpoint, whose readings the run collects first.
 */
export function eventForDeadline(
  deadline: Deadline,
  context: ItemContext,
  nowMs: number,
): SystemEvent | null {
  const at = new Date(nowMs).toISOString();
  switch (deadline.kind) {
    case 'checkpoint':
      return null;
    case 'clock_step': {
      const [next] = clockDeadline(context);
      return next?.kind === 'clock_step' && next.step === deadline.step && next.at <= nowMs
        ? {
            type: 'clock_step',
            at,
            step: deadline.step,
            percent: rulesOf(context).clockPercents[deadline.step],
          }
        : null;
    }
    case 'publication_due':
    case 'slot_passed': {
      const { publicationId } = deadline;
      const record = publicationById(context, publicationId);
      if (record?.state !== 'planned' || nowMs < Date.parse(record.at)) return null;
      const endsAt = slotEndsAt(record, context.playbook);
      // A slot seen later than its grace is missed, never sent late.
      if (nowMs > endsAt || (deadline.kind === 'slot_passed' && nowMs >= endsAt)) {
        return { type: 'slot_passed', at, publicationId };
      }
      if (deadline.kind === 'slot_passed') return null;
      const unapproved = !isBound(context, record);
      return { type: 'publication_due', at, publicationId, ...(unapproved && { unapproved }) };
    }
    case 'approval_deadline_passed': {
      const { publicationId } = deadline;
      const record = publicationById(context, publicationId);
      if (record === null) return null;
      const until =
        record.state === 'tentative' ? heldUntil(context, record) : givenUpAt(context, record);
      if (until === null || until > nowMs) return null;
      const approved = isApproved(context);
      return { type: 'approval_deadline_passed', at, publicationId, ...(approved && { approved }) };
    }
  }
}

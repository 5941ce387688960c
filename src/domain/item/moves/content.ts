import { contentHashOf } from '../../canonical.ts';
import type { ContentPayloads } from '../commands/content.ts';
import type { Command } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import { voidApprovals } from './approval.ts';
import { BEFORE_SENDING, type CommandDefinitions } from './command.ts';
import { withdrawOpenHandoff } from './handoff.ts';
import { type Move, merge, NOTHING, recorded, withMember } from './move.ts';
import { holdSlotsForApproval } from './slot.ts';

/** A version of the brief, and what it voids. */
function saveBrief(context: ItemContext, { refs, actor, at }: Command<'save_brief'>): Move {
  const { brief } = refs;
  const contentHash =
    context.draft === null
      ? null
      : contentHashOf({ briefHash: brief.hash, draftHash: context.draft.hash });
  const { version, hash, targetsHash } = brief;
  const isRefrozen = context.targetsFrozenAt !== null && targetsHash !== context.brief?.targetsHash;
  return merge(
    recorded({ brief, contentHash }, 'brief.saved', { version, hash, contentHash }),
    isRefrozen ? recorded({ targetsFrozenAt: at }, 'kpi_targets.frozen', { targetsHash }) : NOTHING,
    backToGate(context, { at, memberId: actor.memberId, because: 'brief_saved' }),
  );
}

/** A version of the draft: whoever wrote it may no longer approve, its hash voids what was approved. */
function saveDraft(context: ItemContext, { refs, facts, actor, at }: Command<'save_draft'>): Move {
  const { draft } = refs;
  const contentHash =
    context.brief === null
      ? null
      : contentHashOf({ briefHash: context.brief.hash, draftHash: draft.hash });
  const { version, hash } = draft;
  const writers = [actor.memberId, ...(facts.writtenBy ?? [])];
  const authors = writers.reduce(withMember, context.authors);
  return merge(
    recorded({ draft, contentHash, authors }, 'draft.saved', { version, hash, contentHash }),
    backToGate(context, { at, memberId: actor.memberId, because: 'draft_saved' }),
  );
}

/** What another content ends: the open handoff, the approvals, and the plan of its slots. */
function backToGate(
  context: ItemContext,
  by: { at: string; memberId: string; because: string },
): Move {
  return merge(
    withdrawOpenHandoff(context, by),
    voidApprovals(context, by.because),
    holdSlotsForApproval(context, by),
  );
}

export const CONTENT_COMMANDS = {
  save_brief: {
    in: ['briefing.drafting', 'briefing.offered', ...BEFORE_SENDING],
    by: ['strategist'],
    requires: ['brief_complete', 'nothing_sending', 'targets_unfrozen', 'item_has_room'],
    move: saveBrief,
  },
  save_draft: {
    in: [...BEFORE_SENDING, 'publishing'],
    by: ['creator'],
    requires: ['nothing_sending', 'variant_frozen', 'item_has_room'],
    move: saveDraft,
  },
} as const satisfies CommandDefinitions<keyof ContentPayloads>;

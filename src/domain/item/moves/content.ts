import { contentHashOf } from '../../canonical.ts';
import type { ContentPayloads } from '../commands/content.ts';
import type { Command } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import { voidApprovals } from './approval.ts';
import { BEFORE_SENDING, type CommandDefinitions } from './command.ts';
import { withdrawOpenHandoff } from './handoff.ts';
import { type Move, merge, NOTHING, withMember } from './move.ts';
import { holdSlotsForApproval } from './slot.ts';

/** A version of the brief, and what it voids. */
function saveBrief(context: ItemContext, { refs, actor, at }: Command<'save_brief'>): Move {
  const { brief } = refs;
  const contentHash =
    context.draft === null
      ? null
      : contentHashOf({ briefHash: brief.hash, draftHash: context.draft.hash });
  const saved: Move = {
    change: { brief, contentHash },
    records: [
      { type: 'brief.saved', data: { version: brief.version, hash: brief.hash, contentHash } },
    ],
  };
  const refrozen: Move =
    context.targetsFrozenAt !== null && brief.targetsHash !== context.brief?.targetsHash
      ? {
          change: { targetsFrozenAt: at },
          records: [{ type: 'kpi_targets.frozen', data: { targetsHash: brief.targetsHash } }],
        }
      : NOTHING;
  return merge(
    saved,
    refrozen,
    withdrawOpenHandoff(context, { at, memberId: actor.memberId }),
    voidApprovals(context, 'brief_saved'),
    holdSlotsForApproval(context, { at, because: 'brief_saved' }),
  );
}

/** A version of the draft: its author may no longer approve, its hash voids what was approved. */
function saveDraft(context: ItemContext, { refs, actor, at }: Command<'save_draft'>): Move {
  const { draft } = refs;
  const contentHash =
    context.brief === null
      ? null
      : contentHashOf({ briefHash: context.brief.hash, draftHash: draft.hash });
  return merge(
    {
      change: { draft, contentHash, authors: withMember(context.authors, actor.memberId) },
      records: [
        { type: 'draft.saved', data: { version: draft.version, hash: draft.hash, contentHash } },
      ],
    },
    withdrawOpenHandoff(context, { at, memberId: actor.memberId }),
    voidApprovals(context, 'draft_saved'),
    holdSlotsForApproval(context, { at, because: 'draft_saved' }),
  );
}

export const CONTENT_COMMANDS = {
  save_brief: {
    in: ['briefing.drafting', 'briefing.offered', ...BEFORE_SENDING],
    by: ['strategist'],
    requires: ['brief_complete', 'nothing_sending', 'targets_unfrozen'],
    move: saveBrief,
  },
  save_draft: {
    in: [...BEFORE_SENDING, 'publishing'],
    by: ['creator'],
    requires: ['nothing_sending', 'variant_frozen'],
    move: saveDraft,
  },
} as const satisfies CommandDefinitions<keyof ContentPayloads>;

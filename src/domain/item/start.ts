import type { OwnerRole } from '../people/roles.ts';
import type { ClockFacts } from './commands/facts.ts';
import type { BriefDigest, ItemContext, PinnedPlaybook } from './context.ts';
import type { EventRecord } from './event.ts';
import type { Move } from './moves/move.ts';

/** What an item starts with. */
export interface ItemInput {
  itemId: string;
  workspaceId: string;
  playbook: PinnedPlaybook;
  team: Record<OwnerRole, string | null>;
  campaign: { id: string; released: boolean } | null;
  brief: BriefDigest | null;
  at: string;
  clocks?: ClockFacts;
}

export function initialContext(input: ItemInput): ItemContext {
  return {
    itemId: input.itemId,
    workspaceId: input.workspaceId,
    playbook: input.playbook,
    campaign: input.campaign,
    team: input.team,
    coAuthors: [],
    brief: input.brief,
    draft: null,
    contentHash: null,
    authors: [],
    round: 0,
    revisionAcknowledged: false,
    handoffs: [],
    approvals: [],
    publications: [],
    checkpoints: [],
    reviews: [],
    targetsFrozenAt: null,
    clock: null,
    heldFrom: null,
    held: null,
    cancelling: null,
    stage: 'briefing',
    stageEnteredAt: input.at,
    stageNote: null,
  };
}

export function startItem(context: ItemContext): Move {
  const { playbook, team, brief } = context;
  const started: EventRecord = {
    type: 'item.started',
    data: {
      playbook: { name: playbook.name, version: playbook.version },
      team,
      campaignId: context.campaign?.id ?? null,
    },
  };
  const saved: EventRecord[] =
    brief === null
      ? []
      : [
          {
            type: 'brief.saved',
            data: { version: brief.version, hash: brief.hash, contentHash: null },
          },
        ];
  return { change: {}, records: [started, ...saved] };
}

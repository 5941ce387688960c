import type { ApprovalPayloads } from '../commands/approval.ts';
import type { Command } from '../commands.ts';
import {
  type ApprovalSet,
  currentApprovals,
  type ItemContext,
  outstandingRoles,
  rulesThatAsk,
} from '../context.ts';
import type { CommandDefinitions } from './command.ts';
import { newHandoff } from './handoff.ts';
import { type Move, merge, NOTHING, recorded, withMember } from './move.ts';

/** A changed content hash voids every approval, for good, even if the old text comes back. */
export function voidApprovals(context: ItemContext, because: string): Move {
  const set = currentApprovals(context);
  if (set === null || set.state === 'voided' || set.state === 'changes_requested') return NOTHING;
  const approvals = [...context.approvals.slice(0, -1), { ...set, state: 'voided' as const }];
  return recorded({ approvals }, 'approval.voided', {
    approvalSet: set.number,
    contentHash: set.contentHash,
    because,
  });
}

/** Opens an approval set on the content as it is now. */
function submitForReview(
  context: ItemContext,
  { actor, facts, refs }: Command<'submit_for_review'>,
): Move {
  const authors = withMember(context.authors, actor.memberId);
  const asked = rulesThatAsk(context).map(({ role, quorum }) => ({
    role,
    quorum,
    members:
      quorum === 'all'
        ? (facts.holders[role] ?? []).filter((member) => !authors.includes(member))
        : [],
  }));
  const set: ApprovalSet = {
    number: context.approvals.length + 1,
    contentHash: context.contentHash ?? '',
    asked,
    decisions: [],
    state: 'open',
  };
  // From here on the links keep it: what is approved is what is sent.
  const { linkCampaign } = facts;
  return {
    change: {
      authors,
      approvals: [...context.approvals.map(withoutMembers), set],
      revisionAcknowledged: false,
    },
    records: [
      {
        type: 'review.submitted',
        data: {
          contentHash: set.contentHash,
          round: context.round,
          checklist: refs.checklist,
          ...(linkCampaign !== undefined && { linkCampaign }),
        },
      },
      {
        type: 'approval.requested',
        data: {
          approvalSet: set.number,
          contentHash: set.contentHash,
          roles: asked.map(({ role }) => role),
        },
      },
    ],
  };
}

/** Whom a set asked by name matters only while it is the current one. */
function withoutMembers(set: ApprovalSet): ApprovalSet {
  return set.asked.every(({ members }) => members.length === 0)
    ? set
    : { ...set, asked: set.asked.map((asked) => ({ ...asked, members: [] })) };
}

function acknowledgeRevision(context: ItemContext): Move {
  return recorded({ revisionAcknowledged: true }, 'revision.acknowledged', {
    round: context.round,
  });
}

function decideApproval(
  context: ItemContext,
  { actor, at, refs }: Command<'decide_approval'>,
): Move {
  const set = currentApprovals(context);
  if (set === null) return NOTHING;
  const decision = {
    role: refs.role,
    memberId: actor.memberId,
    decision: refs.decision,
    contentHash: refs.contentHash,
    at,
  };
  const changes = refs.decision === 'request_changes';
  const decided: ApprovalSet = {
    ...set,
    decisions: [...set.decisions, decision],
    state: changes ? 'changes_requested' : set.state,
  };
  const round = context.round + (changes ? 1 : 0);
  const approvals = [...context.approvals.slice(0, -1), decided];
  const move = recorded({ approvals, round }, 'approval.decided', {
    approvalSet: set.number,
    role: refs.role,
    decision: refs.decision,
    contentHash: refs.contentHash,
    reason: refs.reason ?? null,
    commentId: refs.commentId ?? null,
  });
  if (!changes || round <= context.playbook.revisionLimit) return move;
  const escalation = { because: 'revision_limit', round, to: 'strategist' };
  return merge(move, recorded({}, 'item.escalated', escalation));
}

/** True once every asked role of the open set has reached its quorum. */
export function isGateClosed(context: ItemContext): boolean {
  const set = currentApprovals(context);
  return set?.state === 'open' && outstandingRoles(set).length === 0;
}

/** The gate closes: the system offers the item to the social media manager. */
export function closeGate(context: ItemContext, at: string): Move {
  const set = currentApprovals(context);
  if (set === null) return NOTHING;
  const handoff = newHandoff(context, 'schedule', at, 'system');
  return {
    change: {
      approvals: [...context.approvals.slice(0, -1), { ...set, state: 'granted' }],
      handoffs: [...context.handoffs, handoff],
    },
    records: [
      { type: 'gate.closed', data: { approvalSet: set.number, contentHash: set.contentHash } },
      {
        type: 'handoff.offered',
        data: {
          handoffId: handoff.id,
          kind: 'schedule',
          to: 'social_media_manager',
          memberId: context.team.social_media_manager,
        },
      },
    ],
  };
}

export const APPROVAL_COMMANDS = {
  submit_for_review: {
    in: ['creation.drafting'],
    by: ['creator'],
    requires: [
      'assets_complete',
      'variants_in_limits',
      'checklist_complete',
      'approvers_exist',
      'revision_acknowledged',
      'item_has_room',
    ],
    move: submitForReview,
  },
  acknowledge_revision: {
    in: ['creation.drafting'],
    by: ['strategist'],
    requires: ['revision_past_limit'],
    move: acknowledgeRevision,
  },
  decide_approval: {
    in: ['review.deciding'],
    by: 'asked_roles',
    requires: [
      'role_asked',
      'current_hash',
      'four_eyes',
      'signed_in',
      'not_decided_before',
      'reason_given',
      'item_has_room',
    ],
    move: decideApproval,
  },
} as const satisfies CommandDefinitions<keyof ApprovalPayloads>;

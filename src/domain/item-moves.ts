import { contentHashOf } from './canonical.ts';
import { derivedId } from './ids.ts';
import { addMs, ageMs } from './item-ages.ts';
import { clockOnEntry, fallbackSteps } from './item-clock.ts';
import type { ClockFacts, Command, SystemEvent } from './item-commands.ts';
import {
  type ApprovalSet,
  type CheckpointRecord,
  currentApprovals,
  currentHandoff,
  currentReview,
  type Handoff,
  type ItemContext,
  isSending,
  outstandingRoles,
  type PublicationRecord,
  publicationById,
} from './item-context.ts';
import type { EventRecord } from './item-event.ts';
import { rolesYetToSign } from './item-responsible.ts';
import type { OwnerRole } from './roles.ts';
import type { Place, Stage } from './stages.ts';

/** What a transition changes and what it writes into the item's chain. */
export interface Move {
  change: Partial<ItemContext>;
  records: EventRecord[];
}

const NOTHING: Move = { change: {}, records: [] };

function merge(...moves: Move[]): Move {
  return {
    change: Object.assign({}, ...moves.map(({ change }) => change)) as Partial<ItemContext>,
    records: moves.flatMap(({ records }) => records),
  };
}

function withPublication(
  context: ItemContext,
  id: string,
  change: Partial<PublicationRecord>,
): PublicationRecord[] {
  return context.publications.map((record) =>
    record.id === id ? { ...record, ...change } : record,
  );
}

function publicationData(record: PublicationRecord): Record<string, unknown> {
  const { id, channelAccountId, channel, slotNumber, at } = record;
  return { publicationId: id, channelAccountId, channel, slotNumber, scheduledAt: at };
}

/** A changed content hash voids every approval, for good, even if the old text comes back. */
function voidApprovals(context: ItemContext, because: string): Move {
  const set = currentApprovals(context);
  if (set === null || set.state === 'voided' || set.state === 'changes_requested') return NOTHING;
  const approvals = [...context.approvals.slice(0, -1), { ...set, state: 'voided' as const }];
  return {
    change: { approvals },
    records: [
      {
        type: 'approval.voided',
        data: { approvalSet: set.number, contentHash: set.contentHash, because },
      },
    ],
  };
}

/** Ends the open handoff, if there is one. */
function endHandoff(
  context: ItemContext,
  state: 'accepted' | 'declined' | 'withdrawn',
  by: { at: string; memberId: string; reason?: string },
): Handoff[] {
  const open = currentHandoff(context);
  if (open === null) return context.handoffs;
  return [
    ...context.handoffs.slice(0, -1),
    { ...open, state, decidedAt: by.at, decidedBy: by.memberId, reason: by.reason ?? null },
  ];
}

function newHandoff(context: ItemContext, kind: Handoff['kind'], at: string, by: string): Handoff {
  return {
    id: derivedId('handoff', context.itemId, context.handoffs.length + 1),
    kind,
    state: 'offered',
    offeredAt: at,
    offeredBy: by,
    decidedAt: null,
    decidedBy: null,
    reason: null,
  };
}

function withdrawOpenHandoff(context: ItemContext, at: string, memberId: string): Move {
  const open = currentHandoff(context);
  if (open === null) return NOTHING;
  return {
    change: { handoffs: endHandoff(context, 'withdrawn', { at, memberId }) },
    records: [{ type: 'handoff.withdrawn', data: { handoffId: open.id, kind: open.kind } }],
  };
}

export function initialContext(input: {
  itemId: string;
  workspaceId: string;
  playbook: ItemContext['playbook'];
  team: ItemContext['team'];
  campaign: ItemContext['campaign'];
  brief: ItemContext['brief'];
  at: string;
}): ItemContext {
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

/** A stage begins: its clock starts. A resumed stage keeps its entry and its clock, shifted by the pause. */
export function enterStage(
  context: ItemContext,
  stage: Stage,
  at: string,
  clocks: ClockFacts | undefined,
): Move {
  const from = context.stage;
  const resumed = from === 'on_hold' && context.held !== null;
  const returned = resumed ? { heldFrom: null, held: null } : {};
  return {
    change: {
      stage,
      stageEnteredAt: resumed ? (context.held?.stageEnteredAt ?? at) : at,
      clock: stage === 'on_hold' ? context.clock : clockOnEntry(context, stage, at, clocks),
      ...returned,
    },
    records: from === stage ? [] : [{ type: 'item.stage_changed', data: { from, to: stage } }],
  };
}

/** A version of the brief, and what it voids. */
export function saveBrief(context: ItemContext, { refs, actor, at }: Command<'save_brief'>): Move {
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
    withdrawOpenHandoff(context, at, actor.memberId),
    voidApprovals(context, 'brief_saved'),
  );
}

export function offerHandoff(
  context: ItemContext,
  { actor, at, refs }: Command<'offer_handoff'>,
): Move {
  const handoff = newHandoff(context, 'brief', at, actor.memberId);
  return {
    change: { handoffs: [...context.handoffs, handoff] },
    records: [
      {
        type: 'handoff.offered',
        data: {
          handoffId: handoff.id,
          kind: 'brief',
          to: 'creator',
          memberId: context.team.creator,
          briefHash: context.brief?.hash ?? null,
          checklist: refs.checklist,
        },
      },
    ],
  };
}

export function withdrawHandoff(
  context: ItemContext,
  { actor, at }: Command<'withdraw_handoff'>,
): Move {
  return withdrawOpenHandoff(context, at, actor.memberId);
}

/** Accepting assigns; accepting the brief freezes the KPI targets. */
export function acceptHandoff(
  context: ItemContext,
  { actor, at, facts }: Command<'accept_handoff'>,
): Move {
  const open = currentHandoff(context);
  if (open === null) return NOTHING;
  const role: OwnerRole = open.kind === 'brief' ? 'creator' : 'social_media_manager';
  const accepted: Move = {
    change: {
      handoffs: endHandoff(context, 'accepted', { at, memberId: actor.memberId }),
      team: { ...context.team, [role]: actor.memberId },
    },
    records: [
      {
        type: 'handoff.accepted',
        data: {
          handoffId: open.id,
          kind: open.kind,
          role,
          memberId: actor.memberId,
          warnings: facts.warnings ?? [],
        },
      },
    ],
  };
  if (open.kind === 'schedule') return accepted;
  return merge(accepted, {
    change: { targetsFrozenAt: at },
    records: [
      { type: 'kpi_targets.frozen', data: { targetsHash: context.brief?.targetsHash ?? null } },
    ],
  });
}

export function declineHandoff(
  context: ItemContext,
  { actor, at, refs }: Command<'decline_handoff'>,
): Move {
  const open = currentHandoff(context);
  if (open === null) return NOTHING;
  const by = { at, memberId: actor.memberId, ...(refs.reason && { reason: refs.reason }) };
  return {
    change: { handoffs: endHandoff(context, 'declined', by) },
    records: [
      {
        type: 'handoff.declined',
        data: {
          handoffId: open.id,
          kind: open.kind,
          reason: refs.reason ?? null,
          commentId: refs.commentId ?? null,
        },
      },
    ],
  };
}

/** A version of the draft: its author may no longer approve, its hash voids what was approved. */
export function saveDraft(context: ItemContext, { refs, actor, at }: Command<'save_draft'>): Move {
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
    withdrawOpenHandoff(context, at, actor.memberId),
    voidApprovals(context, 'draft_saved'),
  );
}

function withMember(members: readonly string[], memberId: string): string[] {
  return members.includes(memberId) ? [...members] : [...members, memberId];
}

/** Opens an approval set on the content as it is now. */
export function submitForReview(
  context: ItemContext,
  { actor, facts, refs }: Command<'submit_for_review'>,
): Move {
  const authors = withMember(context.authors, actor.memberId);
  const stated = context.brief?.facts ?? [];
  const asked = context.playbook.gate
    .filter(({ when }) => when === undefined || when.some((fact) => stated.includes(fact)))
    .map(({ role, quorum }) => ({
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
  return {
    change: { authors, approvals: [...context.approvals, set], revisionAcknowledged: false },
    records: [
      {
        type: 'review.submitted',
        data: { contentHash: set.contentHash, round: context.round, checklist: refs.checklist },
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

export function acknowledgeRevision(context: ItemContext): Move {
  return {
    change: { revisionAcknowledged: true },
    records: [{ type: 'revision.acknowledged', data: { round: context.round } }],
  };
}

export function decideApproval(
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
  const record: EventRecord = {
    type: 'approval.decided',
    data: {
      approvalSet: set.number,
      role: refs.role,
      decision: refs.decision,
      contentHash: refs.contentHash,
      reason: refs.reason ?? null,
      commentId: refs.commentId ?? null,
    },
  };
  const escalated: EventRecord[] =
    changes && round > context.playbook.revisionLimit
      ? [{ type: 'item.escalated', data: { because: 'revision_limit', round, to: 'strategist' } }]
      : [];
  return {
    change: { approvals: [...context.approvals.slice(0, -1), decided], round },
    records: [record, ...escalated],
  };
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

/**
 * Holds or plans slots. In creation, review and an offered handoff they are tentative; after the
 * accepted handoff every tentative and planned record is bound to the approved content. An account
 * that the plan does not name keeps its slot: dropping one is `skip_publication`.
 */
export function planSchedule(
  context: ItemContext,
  { refs }: Command<'plan_schedule'>,
  mode: 'tentative' | 'planned',
): Move {
  const publications = [...context.publications];
  const records: EventRecord[] = [];
  for (const slot of refs.publications) {
    const index = publications.findIndex(
      ({ channelAccountId, state }) =>
        channelAccountId === slot.channelAccountId &&
        (state === 'planned' || state === 'tentative'),
    );
    const standing = publications[index];
    const record: PublicationRecord =
      standing === undefined
        ? newPublication(context, publications, slot)
        : { ...standing, at: slot.at, local: slot.local, zone: slot.zone };
    const planned: PublicationRecord = {
      ...record,
      state: mode,
      contentHash: mode === 'planned' ? context.contentHash : null,
    };
    if (standing === undefined) publications.push(planned);
    else publications[index] = planned;
    records.push({
      type: mode === 'planned' ? 'publication.planned' : 'publication.held',
      data: { ...publicationData(planned), local: slot.local, zone: slot.zone },
    });
  }
  if (mode === 'tentative') return { change: { publications }, records };
  const named = new Set(refs.publications.map(({ channelAccountId }) => channelAccountId));
  const bound = publications.map((record) => {
    if (record.state !== 'tentative' && record.state !== 'planned') return record;
    if (!named.has(record.channelAccountId)) {
      records.push({ type: 'publication.planned', data: publicationData(record) });
    }
    return { ...record, state: 'planned' as const, contentHash: context.contentHash };
  });
  return { change: { publications: bound, stageNote: null }, records };
}

function newPublication(
  context: ItemContext,
  publications: readonly PublicationRecord[],
  slot: { channelAccountId: string; channel: string; at: string; local: string; zone: string },
): PublicationRecord {
  const earlier = publications.filter(
    ({ channelAccountId }) => channelAccountId === slot.channelAccountId,
  );
  return {
    id: derivedId('publication', context.itemId, publications.length + 1),
    channelAccountId: slot.channelAccountId,
    channel: slot.channel,
    slotNumber: 1 + Math.max(0, ...earlier.map(({ slotNumber }) => slotNumber)),
    state: 'planned',
    at: slot.at,
    local: slot.local,
    zone: slot.zone,
    contentHash: null,
    remoteId: null,
    permalink: null,
    publishedAt: null,
    evidence: null,
  };
}

/** True when what is left of the plan could be sent as it stands. */
export function isPlanStanding(context: ItemContext, without: string): boolean {
  return context.publications
    .filter(({ id, state }) => id !== without && state === 'planned')
    .every(({ contentHash }) => contentHash === context.contentHash);
}

export function unschedule(context: ItemContext): Move {
  const dropped = context.publications.filter(({ state }) => state === 'planned');
  return {
    change: {
      publications: context.publications.map((record) =>
        record.state === 'planned'
          ? { ...record, state: 'skipped', evidence: 'unscheduled' }
          : record,
      ),
    },
    records: dropped.map((record) => ({
      type: 'publication.unscheduled',
      data: publicationData(record),
    })),
  };
}

export function skipPublication(context: ItemContext, { refs }: Command<'skip_publication'>): Move {
  const record = publicationById(context, refs.publicationId);
  if (record === null) return NOTHING;
  const evidence = refs.reason ?? null;
  return {
    change: { publications: withPublication(context, record.id, { state: 'skipped', evidence }) },
    records: [{ type: 'publication.skipped', data: { ...publicationData(record), evidence } }],
  };
}

/** A person says what became of an unknown or missed publication. */
export function resolvePublication(
  context: ItemContext,
  { refs, at }: Command<'resolve_publication'>,
): Move {
  const record = publicationById(context, refs.publicationId);
  if (record === null) return NOTHING;
  const evidence = refs.evidence ?? null;
  const resolved: EventRecord = {
    type: 'publication.resolved',
    data: { ...publicationData(record), was: record.state, outcome: refs.outcome, evidence },
  };
  switch (refs.outcome) {
    case 'live': {
      const live = {
        publishedAt: record.publishedAt ?? record.at,
        permalink: refs.permalink ?? null,
        remoteId: refs.remoteId ?? null,
        evidence,
      };
      return merge({ change: {}, records: [resolved] }, markPublished(context, record, live));
    }
    case 'not_live':
    case 'skip': {
      const state = refs.outcome === 'skip' ? 'skipped' : 'not_live';
      return {
        change: { publications: withPublication(context, record.id, { state, evidence }) },
        records: [resolved],
      };
    }
    case 'reschedule': {
      if (refs.slot === undefined) return NOTHING;
      const { at: slotAt, local, zone } = refs.slot;
      const planned = {
        state: 'planned' as const,
        at: slotAt,
        local,
        zone,
        contentHash: context.contentHash,
        evidence,
      };
      return {
        change: { publications: withPublication(context, record.id, planned) },
        records: [
          resolved,
          { type: 'publication.planned', data: publicationData({ ...record, ...planned }) },
        ],
      };
    }
    case 'publish_again': {
      if (refs.slot === undefined) return NOTHING;
      const settled = withPublication(context, record.id, { state: 'not_live', evidence });
      const again = {
        ...newPublication(context, settled, refs.slot),
        contentHash: context.contentHash,
      };
      return {
        change: { publications: [...settled, again] },
        records: [
          resolved,
          {
            type: 'publication.planned',
            data: { ...publicationData(again), again: record.id, decidedAt: at },
          },
        ],
      };
    }
  }
}

/** A published record starts its checkpoints: ages counted from the instant of publication. */
function markPublished(
  context: ItemContext,
  record: PublicationRecord,
  live: {
    publishedAt: string;
    permalink: string | null;
    remoteId: string | null;
    evidence: string | null;
  },
): Move {
  const checkpoints: CheckpointRecord[] = context.playbook.checkpoints.map(
    ({ name, required }) => ({
      publicationId: record.id,
      checkpoint: name,
      required,
      dueAt: addMs(live.publishedAt, ageMs(name)),
      state: 'due',
      settledAt: null,
    }),
  );
  return {
    change: {
      publications: withPublication(context, record.id, { state: 'published', ...live }),
      checkpoints: [...context.checkpoints, ...checkpoints],
    },
    records: [
      {
        type: 'publication.published',
        data: {
          ...publicationData(record),
          contentHash: record.contentHash,
          ...live,
        },
      },
      {
        type: 'kpi_checkpoint.planned',
        data: {
          publicationId: record.id,
          checkpoints: checkpoints.map(({ checkpoint, dueAt }) => ({ checkpoint, dueAt })),
        },
      },
    ],
  };
}

export function publicationDue(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'publication_due' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null) return NOTHING;
  return {
    change: { publications: withPublication(context, publicationId, { state: 'due' }) },
    records: [{ type: 'publication.due', data: publicationData(record) }],
  };
}

export function publicationSending(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'publication_sending' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null) return NOTHING;
  return {
    change: { publications: withPublication(context, publicationId, { state: 'sending' }) },
    records: [{ type: 'publication.sending', data: publicationData(record) }],
  };
}

/** The outcome of a send. A failed hash check returns the record to `planned` and voids the approvals. */
export function publicationSettled(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'publication_settled' }>,
): Move {
  const record = publicationById(context, event.publicationId);
  if (record === null || !isSending(record)) return NOTHING;
  const evidence = event.evidence ?? null;
  switch (event.outcome) {
    case 'published':
      return markPublished(context, record, {
        publishedAt: event.publishedAt ?? event.at,
        permalink: event.permalink ?? null,
        remoteId: event.remoteId ?? null,
        evidence,
      });
    case 'rejected':
    case 'unknown':
      return {
        change: {
          publications: withPublication(context, record.id, { state: event.outcome, evidence }),
          stageNote:
            event.outcome === 'rejected' ? `rejected: ${evidence ?? ''}` : context.stageNote,
        },
        records: [
          {
            type: event.outcome === 'rejected' ? 'publication.rejected' : 'publication.unknown',
            data: { ...publicationData(record), evidence },
          },
        ],
      };
    case 'hash_mismatch':
      return merge(
        {
          change: {
            publications: withPublication(context, record.id, { state: 'planned', evidence }),
            stageNote: 'the content changed after its approval',
          },
          records: [
            { type: 'publication.returned', data: { ...publicationData(record), evidence } },
          ],
        },
        voidApprovals(context, 'hash_mismatch'),
      );
  }
}

export function slotPassed(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'slot_passed' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null || record.state !== 'planned') return NOTHING;
  const evidence = `its slot passed more than ${context.playbook.slotGraceMinutes} minutes ago`;
  return {
    change: {
      publications: withPublication(context, publicationId, { state: 'missed', evidence }),
    },
    records: [{ type: 'publication.missed', data: { ...publicationData(record), evidence } }],
  };
}

/** Not approved in time: the tentative slot is released, the stage stays. */
export function releaseSlot(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'approval_deadline_passed' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null || record.state !== 'tentative') return NOTHING;
  const evidence = 'not approved in time';
  return {
    change: {
      publications: withPublication(context, publicationId, { state: 'skipped', evidence }),
    },
    records: [{ type: 'publication.skipped', data: { ...publicationData(record), evidence } }],
  };
}

export function settleCheckpoint(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'checkpoint_recorded' | 'checkpoint_missed' }>,
): Move {
  const state = event.type === 'checkpoint_recorded' ? 'recorded' : 'missing';
  const due = context.checkpoints.some((record) => isCheckpointDue(record, event));
  if (!due) return NOTHING;
  return {
    change: {
      checkpoints: context.checkpoints.map((record) =>
        isCheckpointDue(record, event) ? { ...record, state, settledAt: event.at } : record,
      ),
    },
    records: [
      {
        type: state === 'recorded' ? 'kpi_checkpoint.recorded' : 'kpi_checkpoint.missing',
        data: { publicationId: event.publicationId, checkpoint: event.checkpoint },
      },
    ],
  };
}

function isCheckpointDue(
  record: CheckpointRecord,
  key: { publicationId: string; checkpoint: string },
): boolean {
  return (
    record.state === 'due' &&
    record.publicationId === key.publicationId &&
    record.checkpoint === key.checkpoint
  );
}

/** Opens a KPI review; its readings are frozen by the effect that goes with it. */
export function openReview(context: ItemContext): Move {
  const number = context.reviews.length + 1;
  const review = {
    id: derivedId('review', context.itemId, number),
    number,
    hash: null,
    signOffs: [],
    extendTo: null,
  };
  return {
    change: { reviews: [...context.reviews, review] },
    records: [{ type: 'kpi_review.opened', data: { reviewId: review.id, number } }],
  };
}

export function freezeReview(
  context: ItemContext,
  { reviewId, hash }: Extract<SystemEvent, { type: 'review_frozen' }>,
): Move {
  return {
    change: {
      reviews: context.reviews.map((review) =>
        review.id === reviewId && review.hash === null ? { ...review, hash } : review,
      ),
    },
    records: [{ type: 'kpi_review.frozen', data: { reviewId, hash } }],
  };
}

export function signOff(context: ItemContext, { refs, actor, at }: Command<'sign_off'>): Move {
  const review = currentReview(context);
  if (review === null) return NOTHING;
  const lead = review.signOffs.find(({ role }) => role === 'strategist')?.decision;
  // A peer may name the strategist's decision instead of `agree`; another decision is a dissent.
  const decision =
    refs.role === 'strategist' || refs.decision === 'agree' || refs.decision === 'dissent'
      ? refs.decision
      : refs.decision === lead
        ? 'agree'
        : 'dissent';
  const signed = {
    ...review,
    signOffs: [...review.signOffs, { role: refs.role, memberId: actor.memberId, decision, at }],
    extendTo:
      refs.role === 'strategist' && refs.decision === 'extend_measurement'
        ? (refs.extendTo ?? null)
        : review.extendTo,
  };
  return {
    change: { reviews: [...context.reviews.slice(0, -1), signed] },
    records: [
      {
        type: 'kpi_review.signed_off',
        data: {
          reviewId: review.id,
          reviewHash: review.hash,
          role: refs.role,
          decision,
          commentId: refs.commentId ?? null,
        },
      },
    ],
  };
}

export function isReviewSigned(context: ItemContext): boolean {
  return currentReview(context) !== null && rolesYetToSign(context).length === 0;
}

function reviewDecision(context: ItemContext): string | null {
  const signOffs = currentReview(context)?.signOffs ?? [];
  return signOffs.find(({ role }) => role === 'strategist')?.decision ?? null;
}

export function isExtensionDecided(context: ItemContext): boolean {
  return isReviewSigned(context) && reviewDecision(context) === 'extend_measurement';
}

/** Back to measuring with one more checkpoint per published post; a new review opens later. */
export function extendMeasurement(context: ItemContext): Move {
  const review = currentReview(context);
  const age = review?.extendTo ?? null;
  if (review === null || age === null) return NOTHING;
  const added = context.publications.flatMap(({ id, state, publishedAt }): CheckpointRecord[] =>
    state === 'published' && publishedAt !== null
      ? [
          {
            publicationId: id,
            checkpoint: age,
            required: true,
            dueAt: addMs(publishedAt, ageMs(age)),
            state: 'due',
            settledAt: null,
          },
        ]
      : [],
  );
  const known = new Set(context.checkpoints.map((c) => `${c.publicationId} ${c.checkpoint}`));
  const fresh = added.filter((c) => !known.has(`${c.publicationId} ${c.checkpoint}`));
  return {
    change: { checkpoints: [...context.checkpoints, ...fresh] },
    records: [{ type: 'kpi_review.extended', data: { reviewId: review.id, to: age } }],
  };
}

/** Closing marks what was not measured yet. */
export function closeReview(context: ItemContext, at: string): Move {
  const review = currentReview(context);
  return {
    change: {
      checkpoints: context.checkpoints.map((record) =>
        record.state === 'due' ? { ...record, state: 'missing', settledAt: at } : record,
      ),
    },
    records: [
      {
        type: 'kpi_review.closed',
        data: {
          reviewId: review?.id ?? null,
          decision: reviewDecision(context),
          dissent: (review?.signOffs ?? [])
            .filter(({ decision }) => decision === 'dissent')
            .map(({ role }) => role),
          notMeasured: context.checkpoints
            .filter(({ state }) => state === 'due')
            .map(({ publicationId, checkpoint }) => ({ publicationId, checkpoint })),
        },
      },
      { type: 'item.closed', data: { decision: reviewDecision(context) } },
    ],
  };
}

export function hold(
  context: ItemContext,
  { actor, at, refs }: Command<'hold'>,
  place: Place,
): Move {
  return {
    change: {
      heldFrom: place,
      held: { by: actor.memberId, at, stageEnteredAt: context.stageEnteredAt },
      clock: context.clock === null ? null : { ...context.clock, pausedAt: Date.parse(at) },
    },
    records: [{ type: 'item.held', data: { from: place, reason: refs.reason ?? null } }],
  };
}

export function resume(context: ItemContext, { refs }: Command<'resume'>): Move {
  return {
    change: {},
    records: [
      { type: 'item.resumed', data: { to: context.heldFrom, reason: refs.reason ?? null } },
    ],
  };
}

/** Releases what was planned; published posts stay published and are listed. */
export function cancel(context: ItemContext, reason: string | null): Move {
  const released = context.publications.filter(({ state }) =>
    ['tentative', 'planned', 'missed'].includes(state),
  );
  const freed = new Set(released.map(({ id }) => id));
  return {
    change: {
      publications: context.publications.map((record) =>
        freed.has(record.id) ? { ...record, state: 'skipped', evidence: 'cancelled' } : record,
      ),
    },
    records: [
      {
        type: 'item.cancelled',
        data: {
          reason,
          released: [...freed],
          stayPublished: context.publications
            .filter(({ state }) => state === 'published')
            .map(({ id, permalink }) => ({ publicationId: id, permalink })),
        },
      },
    ],
  };
}

export function reassign(context: ItemContext, { refs }: Command<'reassign'>): Move {
  const { role, memberId, as } = refs;
  const change: Partial<ItemContext> =
    as === 'co_author'
      ? { coAuthors: withMember(context.coAuthors, memberId) }
      : { team: { ...context.team, [role]: memberId } };
  const from = as === 'co_author' ? null : context.team[role];
  return {
    change,
    records: [
      {
        type: 'item.reassigned',
        data: { role, as, from, to: memberId, reason: refs.reason ?? null },
      },
    ],
  };
}

/** A new deadline for the stage's clock, counted from the clock's own facts or a full period from now. */
export function extend(context: ItemContext, { facts, refs, at }: Command<'extend'>): Move {
  const { clock } = context;
  if (clock === null) return NOTHING;
  const now = Date.parse(at);
  const steps =
    stepsFrom(facts.clocks, clock.stage) ??
    fallbackSteps(context.playbook.clocks[clock.stage], now);
  return {
    change: {
      clock: { ...clock, steps, fired: 0, pausedAt: clock.pausedAt === null ? null : now },
    },
    records: [
      {
        type: 'clock.extended',
        data: {
          stage: clock.stage,
          from: new Date(clock.steps[2]).toISOString(),
          to: new Date(steps[2]).toISOString(),
          reason: refs.reason ?? null,
        },
      },
    ],
  };
}

function stepsFrom(clocks: ClockFacts | undefined, stage: keyof ClockFacts) {
  return clocks?.[stage];
}

const CLOCK_PERCENT = [50, 80, 100, 150] as const;

export function clockStep(
  context: ItemContext,
  { step }: Extract<SystemEvent, { type: 'clock_step' }>,
): Move {
  const { clock } = context;
  if (clock === null || clock.fired > step) return NOTHING;
  const percent = CLOCK_PERCENT[step];
  const data = {
    stage: clock.stage,
    percent,
    dueAt: new Date(clock.steps[2]).toISOString(),
  };
  const change = { clock: { ...clock, fired: step + 1 } };
  if (percent === 150) {
    return { change, records: [{ type: 'item.escalated', data: { because: 'overdue', ...data } }] };
  }
  return { change, records: [{ type: percent === 100 ? 'sla.breached' : 'sla.warned', data }] };
}

export function releaseCampaign(context: ItemContext): Move {
  if (context.campaign === null) return NOTHING;
  return {
    change: { campaign: { ...context.campaign, released: true } },
    records: [{ type: 'campaign.released', data: { campaignId: context.campaign.id } }],
  };
}

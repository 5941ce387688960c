import type { z } from '@hono/zod-openapi';
import type { ItemSummary as ItemSummaryRow, StoredItem } from '../db/item/items.ts';
import type { IntentRow } from '../db/publishing/publish-intents.ts';
import { intentKeyOf, markerOf } from '../domain/channel/publication-intent.ts';
import {
  type ApprovalSet,
  currentApprovals,
  currentHandoff,
  currentReview,
  type ItemContext,
  type PublicationRecord,
  quorumReached,
} from '../domain/item/context.ts';
import { rolesYetToSign } from '../domain/item/responsible.ts';
import { placeOf } from '../domain/item/run.ts';
import { isPlanned } from '../domain/item/slots.ts';
import { type Place, stageOf } from '../domain/item/stages.ts';
import type { ChecklistEntry, Playbook } from '../domain/playbook/playbook.ts';
import type { SlotProposal } from '../slots/slot-proposals.ts';
import { zoneWarnings } from '../time/zone-warnings.ts';
import type { Approval, ChecklistItem, Item, ItemSummary, Publication } from './item-schema.ts';

interface ViewOptions {
  /** True on the local stack: the distance that time travel made is shown. */
  local: boolean;
}

/** A row of a list, as the API shows it. */
export function itemSummaryView(
  row: ItemSummaryRow,
  options: ViewOptions,
): z.infer<typeof ItemSummary> {
  return { ...summaryOf(row, options), updatedAt: row.updatedAt };
}

/**
 * An item as the API shows it: everything follows from its row and the snapshot in it.
 * @param playbook the version that the item pins, for the labels of its checklists.
 * @param intents what the send ledger holds of the item.
 * @param proposals free slots for publications that were released.
 */
export function itemView(
  row: StoredItem,
  {
    playbook,
    intents = [],
    proposals = new Map(),
    ...options
  }: ViewOptions & { playbook: Playbook | null } & PublicationFacts,
): Item {
  const { context } = row.snapshot;
  const place = placeOf(row.snapshot);
  const { brief, draft, contentHash, heldFrom, stageNote } = context;
  const review = reviewView(context);
  return {
    ...summaryOf(row, options),
    playbook: { name: row.playbookName, version: row.playbookVersion },
    team: context.team,
    coAuthors: context.coAuthors,
    ...(heldFrom !== null && { heldFrom }),
    ...(stageNote !== null && { note: stageNote }),
    brief: brief === null ? null : { version: brief.version, hash: brief.hash },
    draft: draft === null ? null : { version: draft.version, hash: draft.hash, contentHash },
    round: context.round,
    handoffs: context.handoffs,
    gate: gateView(context),
    approvals: context.approvals.flatMap((set) => approvalsOf(set, context)),
    publications: context.publications.map((record) =>
      publicationView(record, context, { intents, proposals }),
    ),
    checkpoints: context.checkpoints,
    ...(review !== null && { review }),
    checklist: checklistOf(heldFrom ?? place, context, playbook),
  };
}

function summaryOf(row: ItemSummaryRow, { local }: ViewOptions) {
  return {
    id: row.id,
    title: row.title,
    campaignId: row.campaignId,
    stage: row.stage,
    substage: row.substage,
    owner: { role: row.ownerRole, memberId: row.assigneeId },
    assignee: row.assigneeId,
    waitingOn: row.waitingOn,
    stageEnteredAt: row.stageEnteredAt,
    dueAt: row.dueAt,
    seq: row.seq,
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    closedAt: row.closedAt,
    ...(local && { clockOffset: row.clockOffsetMs }),
  };
}

/** Decisions stand only in the latest set, while it binds the content as it is. */
function approvalsOf(set: ApprovalSet, context: ItemContext): z.infer<typeof Approval>[] {
  const holds =
    set === currentApprovals(context) &&
    (set.state === 'open' || set.state === 'granted') &&
    set.contentHash === context.contentHash;
  return set.decisions.map((decision) => ({
    ...decision,
    set: set.number,
    ...(!holds && { voided: true as const }),
  }));
}

function gateView(context: ItemContext): Item['gate'] {
  const set = currentApprovals(context);
  if (set === null) return null;
  return {
    set: set.number,
    state: set.state,
    contentHash: set.contentHash,
    asked: set.asked.map((asked) => ({
      role: asked.role,
      quorum: asked.quorum,
      reached: quorumReached(asked, set.decisions),
    })),
  };
}

/** A planned post as the API shows it; its marker is known before it is sent. */
export function publicationView(
  record: PublicationRecord,
  { workspaceId, itemId }: Pick<ItemContext, 'workspaceId' | 'itemId'>,
  { intents = [], proposals = new Map() }: PublicationFacts = {},
): z.infer<typeof Publication> {
  const { remoteId, permalink, publishedAt, evidence, ...shown } = record;
  const { channelAccountId, slotNumber } = record;
  const texts = segmentsOf(record, intents);
  const proposal = proposals.get(record.id);
  const warnings = isPlanned(record) ? zoneWarnings(record) : [];
  return {
    ...shown,
    marker: markerOf(intentKeyOf({ workspaceId, itemId, channelAccountId, slotNumber })),
    ...(remoteId !== null && { remoteId }),
    ...(permalink !== null && { permalink }),
    ...(publishedAt !== null && { publishedAt }),
    ...(evidence !== null && { evidence }),
    ...(texts.length > 1 && { segments: texts }),
    ...(proposal !== undefined && { proposal }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** What the tables know of an item's publications beside its snapshot. */
interface PublicationFacts {
  /** What the send ledger holds. */
  intents?: readonly SentIntent[];
  /** Free slots for publications that were released. */
  proposals?: ReadonlyMap<string, SlotProposal>;
}

/** The part of a row of the send ledger that is shown. */
type SentIntent = Pick<IntentRow, 'channelAccountId' | 'slotNumber' | 'segments'>;

function segmentsOf(
  { channelAccountId, slotNumber }: PublicationRecord,
  intents: readonly SentIntent[],
): NonNullable<z.infer<typeof Publication>['segments']> {
  const intent = intents.find(
    (row) => row.channelAccountId === channelAccountId && row.slotNumber === slotNumber,
  );
  return (intent?.segments ?? []).map(({ position, state, permalink }) => ({
    position,
    state,
    ...(permalink !== null && { permalink }),
  }));
}

function reviewView(context: ItemContext): NonNullable<Item['review']> | null {
  const review = currentReview(context);
  if (review === null) return null;
  const { id, number, hash, signOffs, extendTo } = review;
  const missing = rolesYetToSign(context);
  return { id, number, hash, signOffs, missing, ...(extendTo !== null && { extendTo }) };
}

/** The exit checklist of where the item is: a person ticks with the handoff itself, the machine by looking. */
function checklistOf(
  place: Place,
  context: ItemContext,
  playbook: Playbook | null,
): z.infer<typeof ChecklistItem>[] {
  const stage = stageOf(place);
  if (stage === 'briefing') {
    const offered = currentHandoff(context) !== null;
    return entriesOf('brief', context, playbook).map((entry) => ({ ...entry, done: offered }));
  }
  if (stage !== 'creation') return [];
  const failed = context.draft?.failedChecks;
  return entriesOf('review', context, playbook).map((entry) => ({
    ...entry,
    done: entry.kind === 'machine' && failed !== undefined && !failed.includes(entry.code),
  }));
}

/** Without the playbook's row there are no labels, but the pinned codes still hold. */
function entriesOf(
  list: keyof Playbook['checklists'],
  context: ItemContext,
  playbook: Playbook | null,
): ChecklistEntry[] {
  const pinned = context.playbook.checklists[list];
  return (
    playbook?.checklists[list] ??
    pinned.map((code) => ({ code, label: code, kind: 'human' as const }))
  );
}

import type { Db } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import {
  type CommandRow,
  getCommand,
  insertCommand,
  storeRefusal,
  takeFence,
} from '../db/item/commands.ts';
import { insertItem } from '../db/item/items.ts';
import { setReviewSuccessor } from '../db/item/review-successors.ts';
import { saveBrief } from '../db/item/versions.ts';
import { inTransaction } from '../db/transaction.ts';
import { getCampaign } from '../db/workspace/campaigns.ts';
import { listHolders } from '../db/workspace/members.ts';
import { getPlaybook } from '../db/workspace/playbooks.ts';
import { requireRoom } from '../db/workspace/quotas.ts';
import { getWorkspace } from '../db/workspace/workspaces.ts';
import { hashOf } from '../domain/canonical.ts';
import { digestBrief } from '../domain/item/content/digests.ts';
import { CONTENT_COMMANDS } from '../domain/item/moves/content.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { itemRowOf } from '../domain/item/row.ts';
import { OWNER_ROLES, type OwnerRole } from '../domain/people/roles.ts';
import { pinPlaybook } from '../domain/playbook/pin.ts';
import { currentTraceId } from '../health/span.ts';
import type { ContentItemInput } from '../workflows/messages.ts';
import { clockFacts, itemTime } from './command-facts.ts';
import type { BodyIssue, StartOutcome, StartRequest } from './command-outcome.ts';
import type { DeliveryDeps, StoredCommand } from './deliver-command.ts';
import { firstEvents } from './project-command.ts';
import { COMMAND_LIFE_MS } from './queue/delivery-pace.ts';
import { completeStart, earlierSuccessor } from './review-successor.ts';
import { repeat, type SenderDeps } from './settle-command.ts';

/** Type of the command row that starts an item. */
const START = 'start_item';

/** Stores the start of an item and sends it to the engine; the same id again gets the same item. */
export async function startItem(deps: SenderDeps, request: StartRequest): Promise<StartOutcome> {
  const { caller, commandId } = request;
  const { workspaceId } = caller;
  const earlier = await getCommand(deps.db, { workspaceId, id: commandId });
  const row = earlier ?? (await storeStart(deps, request));
  if ('issues' in row) return { outcome: 'invalid', issues: row.issues };
  if ('conflict' in row) return { outcome: 'idempotency_conflict', commandId };
  // Somebody else's start may carry on the same review: it is the answer to this one, too.
  const { bodyHash } = row.id === commandId ? request : row;
  const outcome = await repeat(deps, { commandId: row.id, bodyHash, type: START }, row);
  return outcome.outcome === 'applied' || outcome.outcome === 'pending'
    ? { ...outcome, itemId: row.itemId }
    : outcome;
}

async function storeStart(
  { db }: DeliveryDeps,
  request: StartRequest,
): Promise<CommandRow | { issues: BodyIssue[] } | { conflict: true }> {
  const { caller, commandId, bodyHash, source } = request;
  const { workspaceId } = caller;
  const barred = briefUnmet(request);
  if (barred.length > 0) return inTransaction(db, (tx) => storeBarred(tx, request, barred));
  const complete = await completeStart(db, { workspaceId, body: request.body });
  if ('issues' in complete) return complete;
  const { body, sourceItemId } = complete;
  const playbookRow = await getPlaybook(db, { workspaceId, name: body.playbook ?? 'standard' });
  if (playbookRow === null) {
    return {
      issues: [
        { path: ['playbook'], message: `no playbook is named ${body.playbook ?? 'standard'}` },
      ],
    };
  }
  const joined = await campaignOf(db, { workspaceId, campaignId: body.campaignId });
  if ('issues' in joined) return joined;
  const staffed = await staff(db, request);
  if ('issues' in staffed) return staffed;
  const itemId = newId('item');
  const now = itemTime(null);
  const playbook = pinPlaybook(playbookRow.data);
  const workspace = await getWorkspace(db, { workspaceId });
  if (workspace === null) throw new Error(`${workspaceId} has no row`);
  const clocks = clockFacts({ calendar: workspace.calendar, playbook, now });
  const asked: ContentItemInput = {
    commandId,
    actor: caller.memberId,
    item: {
      itemId,
      workspaceId,
      playbook,
      team: staffed.team,
      campaign: joined.campaign,
      brief: body.brief === undefined ? null : digestBrief(body.brief, 1),
      at: now,
      clocks,
    },
  };
  const first = firstEvents(asked);
  const stored: StoredCommand = { kind: 'start', input: { ...asked, first: first.events } };
  const { fromReview: reviewId } = body;
  return inTransaction(db, async (tx) => {
    const before =
      reviewId === undefined ? null : await earlierSuccessor(tx, { workspaceId, reviewId });
    if (before !== null) return before;
    const inserted = await insertCommand(tx, {
      id: commandId,
      workspaceId,
      itemId,
      actorId: caller.memberId,
      source,
      type: START,
      bodyHash,
      payload: { ...stored },
      expiresAt: expiryFromNow(),
      traceId: currentTraceId(),
    });
    if (inserted.conflict) return { conflict: true as const };
    if (!inserted.inserted) return inserted.row;
    if (staffed.unmet.length > 0) return refuseStart(tx, inserted.row, staffed.unmet);
    const { maxOpenItems: limit } = request;
    if (limit !== undefined) await requireRoom(tx, { workspaceId, quota: 'openItems', limit });
    const { seq: _, closedAt: __, ...shown } = itemRowOf(first.snapshot, 0);
    await insertItem(tx, {
      id: itemId,
      workspaceId,
      title: body.title,
      campaignId: joined.campaign?.id ?? null,
      playbookName: playbook.name,
      playbookVersion: playbook.version,
      createdBy: caller.memberId,
      ...shown,
    });
    if (body.brief !== undefined) {
      await saveBrief(tx, {
        workspaceId,
        itemId,
        hash: hashOf(body.brief),
        body: body.brief,
        authorId: caller.memberId,
      });
    }
    if (reviewId !== undefined && sourceItemId !== null) {
      await setReviewSuccessor(tx, { workspaceId, reviewId, sourceItemId, itemId, commandId });
    }
    return inserted.row;
  });
}

/** The campaign that an item joins at its start, and whether its gate is open. */
async function campaignOf(
  db: Db,
  { workspaceId, campaignId }: { workspaceId: string; campaignId: string | undefined },
): Promise<Pick<ContentItemInput['item'], 'campaign'> | { issues: BodyIssue[] }> {
  if (campaignId === undefined) return { campaign: null };
  const row = await getCampaign(db, { workspaceId, campaignId });
  return row === null
    ? { issues: [{ path: ['campaignId'], message: 'is not a campaign of this workspace' }] }
    : { campaign: { id: row.id, released: row.releasedAt !== null } };
}

/** A brief at the start is a brief that is saved: whoever may not save one may not start with one. */
function briefUnmet({ caller, body }: StartRequest): Unmet[] {
  const { by } = CONTENT_COMMANDS.save_brief;
  if (body.brief === undefined && body.fromReview === undefined) return [];
  if (by.some((role) => caller.roles.includes(role))) return [];
  const message = `a start with a brief saves it, which needs the role ${by.join(' or ')}`;
  return [{ code: 'holds_role', message, role: by[0] }];
}

/** Only the row of the command and its verdict: nothing else of the request is looked at. */
async function storeBarred(tx: Db, request: StartRequest, unmet: Unmet[]) {
  const { caller, commandId: id, bodyHash, source } = request;
  const inserted = await insertCommand(tx, {
    id,
    workspaceId: caller.workspaceId,
    itemId: newId('item'),
    actorId: caller.memberId,
    source,
    type: START,
    bodyHash,
    payload: {},
    expiresAt: expiryFromNow(),
  });
  if (inserted.conflict) return { conflict: true as const };
  return inserted.inserted ? refuseStart(tx, inserted.row, unmet) : inserted.row;
}

function expiryFromNow(): string {
  return new Date(Date.now() + COMMAND_LIFE_MS).toISOString();
}

/** A refused start is a verdict like any other: the same key gets it again. */
async function refuseStart(tx: Db, row: CommandRow, unmet: Unmet[]) {
  const key = { workspaceId: row.workspaceId, id: row.id };
  const attempt = await takeFence(tx, key);
  if (attempt !== null) await storeRefusal(tx, { ...key, attempt, unmet, atSeq: 0 });
  return (await getCommand(tx, key)) ?? row;
}

/** Team given at start → that member; else the sole holder of the role; else nobody yet. */
async function staff(
  db: Db,
  { caller, body }: StartRequest,
): Promise<{ team: Record<OwnerRole, string | null>; unmet: Unmet[] } | { issues: BodyIssue[] }> {
  const holders = await listHolders(db, { workspaceId: caller.workspaceId });
  const issues: BodyIssue[] = [];
  const unmet: Unmet[] = [];
  const team: Record<OwnerRole, string | null> = {
    strategist: null,
    creator: null,
    social_media_manager: null,
  };
  for (const role of OWNER_ROLES) {
    const holding = holders[role] ?? [];
    const wanted = body.team?.[role];
    if (wanted !== undefined && !holding.includes(wanted)) {
      issues.push({
        path: ['team', role],
        message: `is not an active member with the role ${role}`,
      });
    } else if (holding.length === 0) {
      unmet.push({
        code: 'receiver_exists',
        message: `no active member holds the role ${role}`,
        role,
      });
    }
    team[role] = wanted ?? (holding.length === 1 ? (holding[0] ?? null) : null);
  }
  return issues.length > 0 ? { issues } : { team, unmet };
}

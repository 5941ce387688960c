import { holdCampaign } from '../../db/campaign/acts.ts';
import { wantLook } from '../../db/campaign/runs.ts';
import type { Db } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import { type CommandInsertion, insertCommand } from '../../db/item/commands.ts';
import { insertItem } from '../../db/item/items.ts';
import { saveBrief } from '../../db/item/versions.ts';
import type { WorkspaceCalendar } from '../../db/schema/workspaces.ts';
import { type CampaignRow, getCampaign } from '../../db/workspace/campaigns.ts';
import { listHolders } from '../../db/workspace/members.ts';
import { getPlaybook } from '../../db/workspace/playbooks.ts';
import { getWorkspace } from '../../db/workspace/workspaces.ts';
import { campaignStateOf, isOver } from '../../domain/campaign/campaign.ts';
import { hashOf } from '../../domain/canonical.ts';
import type { Holders } from '../../domain/item/commands/facts.ts';
import { digestBrief } from '../../domain/item/content/digests.ts';
import { CONTENT_COMMANDS } from '../../domain/item/moves/content.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import { itemRowOf } from '../../domain/item/row.ts';
import { OWNER_ROLES, type OwnerRole } from '../../domain/people/roles.ts';
import { pinPlaybook } from '../../domain/playbook/pin.ts';
import { currentTraceId } from '../../health/span.ts';
import type { ContentItemInput } from '../../workflows/messages.ts';
import { clockFacts, itemTime } from '../command-facts.ts';
import type { BodyIssue, StartRequest } from '../command-outcome.ts';
import type { StoredCommand } from '../deliver-command.ts';
import { firstEvents } from '../project-command.ts';
import { COMMAND_LIFE_MS } from '../queue/delivery-pace.ts';
import type { CompleteStart } from '../review-successor.ts';

/** Type of the command row that starts an item. */
export const START = 'start_item';

/** What every start of a workspace is judged by. */
export interface StartGround {
  holders: Holders;
  calendar: WorkspaceCalendar;
  /** The campaign that is joined; null for none. */
  campaign: CampaignRow | null;
  /** By the name that was asked for. */
  playbooks: Map<string, ReturnType<typeof getPlaybook>>;
}

/** @param campaignId the campaign to join; of an unknown one the start itself complains. */
export async function readStartGround(
  db: Db,
  { workspaceId, campaignId }: { workspaceId: string; campaignId: string | undefined },
): Promise<StartGround> {
  const holders = await listHolders(db, { workspaceId });
  const workspace = await getWorkspace(db, { workspaceId });
  const campaign =
    campaignId === undefined ? null : await getCampaign(db, { workspaceId, campaignId });
  if (workspace === null) throw new Error(`${workspaceId} has no row`);
  return { holders, calendar: workspace.calendar, campaign, playbooks: new Map() };
}

/** A start that has its title, and all else that a review gives it. */
export interface CompleteStartRequest extends StartRequest {
  body: CompleteStart['body'];
}

/** A start with everything that its rows say. */
export interface PreparedStart {
  request: CompleteStartRequest;
  input: ContentItemInput;
  snapshot: ReturnType<typeof firstEvents>['snapshot'];
  /** What refuses it. */
  unmet: Unmet[];
}

/** Judges a start and makes its first events. Nothing is stored. */
export async function prepareStart(
  db: Db,
  ground: StartGround,
  request: CompleteStartRequest,
): Promise<PreparedStart | { issues: BodyIssue[] }> {
  const { caller, commandId, body } = request;
  const { workspaceId } = caller;
  const { playbook: name = 'standard' } = body;
  const asked = ground.playbooks.get(name) ?? getPlaybook(db, { workspaceId, name });
  ground.playbooks.set(name, asked);
  const playbookRow = await asked;
  if (playbookRow === null) {
    return { issues: [{ path: ['playbook'], message: `no playbook is named ${name}` }] };
  }
  const joined = campaignOf(ground, body.campaignId);
  if ('issues' in joined) return joined;
  const staffed = staff(ground.holders, body);
  if ('issues' in staffed) return staffed;
  const now = itemTime(null);
  const playbook = pinPlaybook(playbookRow.data);
  const input: ContentItemInput = {
    commandId,
    actor: caller.memberId,
    item: {
      itemId: newId('item'),
      workspaceId,
      playbook,
      team: staffed.team,
      campaign: joined.campaign,
      brief: body.brief === undefined ? null : digestBrief(body.brief, 1),
      at: now,
      clocks: clockFacts({ calendar: ground.calendar, playbook, now }),
    },
  };
  const { events: first, snapshot } = firstEvents(input);
  return { request, input: { ...input, first }, snapshot, unmet: staffed.unmet };
}

/** Stores the command of a start. */
export function insertStart(
  tx: Db,
  { request, input }: Pick<PreparedStart, 'request' | 'input'>,
): Promise<CommandInsertion> {
  const { caller, commandId, bodyHash, source } = request;
  const stored: StoredCommand = { kind: 'start', input };
  return insertCommand(tx, {
    id: commandId,
    workspaceId: caller.workspaceId,
    itemId: input.item.itemId,
    actorId: caller.memberId,
    source,
    type: START,
    bodyHash,
    payload: { ...stored },
    expiresAt: startExpiry(),
    traceId: currentTraceId(),
  });
}

/** Stores what a start brings: the item's row, and its brief. */
export async function insertStarted(
  tx: Db,
  { request, input, snapshot }: PreparedStart,
): Promise<void> {
  const { caller, body } = request;
  const { workspaceId } = caller;
  const { itemId, playbook, campaign } = input.item;
  const { seq: _, closedAt: __, ...shown } = itemRowOf(snapshot, 0);
  await insertItem(tx, {
    id: itemId,
    workspaceId,
    title: body.title,
    campaignId: campaign?.id ?? null,
    playbookName: playbook.name,
    playbookVersion: playbook.version,
    createdBy: caller.memberId,
    ...shown,
  });
  if (body.brief === undefined) return;
  await saveBrief(tx, {
    workspaceId,
    itemId,
    hash: hashOf(body.brief),
    body: body.brief,
    authorId: caller.memberId,
  });
}

/** When a start that nobody answered is given up. */
export function startExpiry(): string {
  return new Date(Date.now() + COMMAND_LIFE_MS).toISOString();
}

/** The campaign that an item joins at its start, and whether its gate is open. */
function campaignOf(
  { campaign: row }: StartGround,
  campaignId: string | undefined,
): Pick<ContentItemInput['item'], 'campaign'> | { issues: BodyIssue[] } {
  if (campaignId === undefined) return { campaign: null };
  const why = whyNotJoined(row);
  if (why !== null) return campaignIssue(why);
  return { campaign: row === null ? null : { id: row.id, released: row.releasedAt !== null } };
}

/** Why no item joins a campaign; null when one may. */
export function whyNotJoined(row: CampaignRow | null): string | null {
  if (row === null) return 'is not a campaign of this workspace';
  return isOver(row) ? `is ${campaignStateOf(row)}: nothing joins it any more` : null;
}

function campaignIssue(message: string): { issues: BodyIssue[] } {
  return { issues: [{ path: ['campaignId'], message }] };
}

/**
 * Asks again in the transaction that the item joins in: its campaign may have ended or opened its gate
 * meanwhile. An item that does not know of the open gate is told by the campaign's run.
 */
export async function stillJoins(
  tx: Db,
  campaign: CampaignRow | null,
  workspaceId: string,
): Promise<{ issues: BodyIssue[] } | null> {
  if (campaign === null) return null;
  const key = { workspaceId, campaignId: campaign.id };
  const row = await holdCampaign(tx, key);
  if (row === null || isOver(row)) return campaignIssue('has ended meanwhile');
  if (campaign.releasedAt !== row.releasedAt) await wantLook(tx, key);
  return null;
}

/** A brief at the start is a brief that is saved: whoever may not save one may not start with one. */
export function briefUnmet({ caller, body }: Pick<StartRequest, 'caller' | 'body'>): Unmet[] {
  const { by } = CONTENT_COMMANDS.save_brief;
  if (body.brief === undefined && body.fromReview === undefined) return [];
  if (by.some((role) => caller.roles.includes(role))) return [];
  const message = `a start with a brief saves it, which needs the role ${by.join(' or ')}`;
  return [{ code: 'holds_role', message, role: by[0] }];
}

/** Team given at start → that member; else the sole holder of the role; else nobody yet. */
function staff(
  holders: Holders,
  body: StartRequest['body'],
): { team: Record<OwnerRole, string | null>; unmet: Unmet[] } | { issues: BodyIssue[] } {
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

import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '../db/ids.ts';
import { readCommandContext } from '../db/item/command-context.ts';
import {
  type CommandRow,
  type CommandVerdict,
  getCommand,
  insertCommand,
  storeRefusal,
  takeFence,
  verdictOf,
} from '../db/item/commands.ts';
import { type CommentRow, insertComment } from '../db/item/comments.ts';
import { getItem, insertItem, type StoredItem } from '../db/item/items.ts';
import { saveBrief } from '../db/item/versions.ts';
import type { WorkspaceCalendar } from '../db/schema/workspaces.ts';
import { inTransaction } from '../db/transaction.ts';
import { getCampaign } from '../db/workspace/campaigns.ts';
import { listHolders, readActor } from '../db/workspace/members.ts';
import { getPlaybook } from '../db/workspace/playbooks.ts';
import { getWorkspace } from '../db/workspace/workspaces.ts';
import { hashOf } from '../domain/canonical.ts';
import { COMMAND_BODIES } from '../domain/item/command-bodies.ts';
import type { CommandType } from '../domain/item/commands.ts';
import type { Actor, ItemContext } from '../domain/item/context.ts';
import { digestBrief } from '../domain/item/digests.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { Inquiry } from '../domain/item/requirements/requirements.ts';
import { itemRowOf } from '../domain/item/row.ts';
import { COMMAND_TYPES } from '../domain/item/rules.ts';
import { type ItemSnapshot, unmetFor } from '../domain/item/run.ts';
import { versionTag } from '../domain/item/version-tag.ts';
import { OWNER_ROLES, type OwnerRole } from '../domain/people/roles.ts';
import { pinPlaybook } from '../domain/playbook/pin.ts';
import type { CommandMessage, ContentItemInput } from '../workflows/messages.ts';
import { clockFacts, itemTime } from './command-facts.ts';
import type {
  Action,
  Caller,
  CommandAnswer,
  CommandOutcome,
  CommandRequest,
  CommandSender,
  StartOutcome,
  StartRequest,
} from './command-outcome.ts';
import { type DeliveryDeps, deliverCommand, type StoredCommand } from './deliver-command.ts';
import {
  factsForActions,
  InvalidBody,
  type Preparation,
  type Prepared,
  prepareCommand,
  takesSlots,
  VersionConflict,
} from './prepare-command.ts';
import { firstEvents } from './project-command.ts';
import { createTurnstile, type Turnstile } from './turnstile.ts';

/** The right to send a command; longer than the deadline of a delivery. */
const FENCE_MS = 3_500;
/**
 * Commands of this process that are on their way to one run at the same time. The engine takes ten per
 * run; beyond, it drops the tasks that it has just given out. Measured: two are as fast as it gets.
 */
const COMMANDS_AT_ONCE = 2;
/** A command that gets no turn is stored for the drainer. */
const TURN_WITHIN_MS = 2_000;
/** How long someone who did not get the fence waits for the other sender's verdict. */
const POLL_FOR_MS = 2_500;
const POLL_EVERY_MS = 40;

/**
 * The way from a request to a committed verdict: texts and command row first, then the fence, then
 * the run, then the projection. Nothing that was answered can be lost, nothing is applied twice.
 */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  const turnstile = createTurnstile(COMMANDS_AT_ONCE);
  return {
    send: (request) => send({ ...deps, turnstile }, request),
    start: (request) => start(deps, request),
    inquire: (question) => inquire(deps, question),
  };
}

type SenderDeps = DeliveryDeps & { turnstile: Turnstile };

async function send(deps: SenderDeps, request: CommandRequest): Promise<CommandOutcome> {
  const outcome = await sendOnce(deps, request);
  if (request.ifMatch === undefined || !isOutdated(outcome)) return outcome;
  // Two saves of one version may both have passed the first look; the run let one through.
  const { caller, itemId, type } = request;
  const item = await getItem(deps.db, { workspaceId: caller.workspaceId, itemId });
  const current = item === null ? null : versionTag(type, item.snapshot.context);
  return { outcome: 'version_conflict', current };
}

function isOutdated(outcome: CommandOutcome): boolean {
  return (
    outcome.outcome === 'refused' && outcome.unmet.some(({ code }) => code === 'basis_changed')
  );
}

async function sendOnce(deps: SenderDeps, request: CommandRequest): Promise<CommandOutcome> {
  const { caller, itemId, commandId } = request;
  const key = { ...caller, itemId, commandId };
  const standing = request.standing ?? (await readCommandContext(deps.db, key));
  if (standing === null) return { outcome: 'not_found', what: 'member' };
  const { item, actor, command, calendar } = standing;
  if (item === null || item.snapshot === null) return { outcome: 'not_found', what: 'item' };
  if (command !== null) return repeat(deps, request, command);
  if (actor === null) return { outcome: 'not_found', what: 'member' };
  const leave = await deps.turnstile.enter(itemId, TURN_WITHIN_MS);
  try {
    const { context } = item.snapshot;
    const standing = { item, context, actor, calendar };
    const stored = await storeCommand(deps, request, standing, { fenced: leave !== null });
    if (stored.conflict) return { outcome: 'idempotency_conflict', commandId };
    if (leave === null) return outcomeOf(commandId, verdictOf(stored.row));
    // The row was inserted with its fence, so the first sender need not take it.
    return stored.attempt === null
      ? await settle(deps, stored.row)
      : outcomeOf(commandId, await deliverCommand(deps, stored.row, stored.attempt));
  } catch (error) {
    if (error instanceof InvalidBody) return { outcome: 'invalid', issues: error.issues };
    if (error instanceof VersionConflict) {
      return { outcome: 'version_conflict', current: error.current };
    }
    throw error;
  } finally {
    leave?.();
  }
}

/** The same id again: another body is a conflict, a stored verdict is the answer. */
async function repeat(
  deps: DeliveryDeps,
  { commandId, bodyHash, type }: { commandId: string; bodyHash: string; type: string },
  row: CommandRow,
): Promise<CommandOutcome> {
  if (row.bodyHash !== bodyHash || row.type !== type) {
    return { outcome: 'idempotency_conflict', commandId };
  }
  return settle(deps, row);
}

async function settle(deps: DeliveryDeps, row: CommandRow): Promise<CommandOutcome> {
  const verdict = verdictOf(row) ?? (await obtainVerdict(deps, row));
  return outcomeOf(row.id, verdict);
}

function outcomeOf(commandId: string, verdict: CommandVerdict | null): CommandOutcome {
  if (verdict === null) return { outcome: 'pending', commandId };
  return verdict.state === 'applied'
    ? { outcome: 'applied', commandId, answer: answerIn(verdict.answer) }
    : { outcome: 'refused', commandId, unmet: verdict.unmet };
}

/** Applied rows hold what project-command.ts stored as their answer. */
function answerIn(answer: Record<string, unknown>): CommandAnswer {
  return answer as unknown as CommandAnswer;
}

async function obtainVerdict(deps: DeliveryDeps, row: CommandRow): Promise<CommandVerdict | null> {
  const key = { workspaceId: row.workspaceId, id: row.id };
  const attempt = await takeFence(deps.db, { ...key, leaseMs: FENCE_MS });
  if (attempt !== null) return deliverCommand(deps, row, attempt);
  const until = Date.now() + POLL_FOR_MS;
  while (Date.now() < until) {
    await delay(POLL_EVERY_MS);
    const current = await getCommand(deps.db, key);
    const verdict = current === null ? null : verdictOf(current);
    if (verdict !== null) return verdict;
  }
  return null;
}

interface Standing {
  item: StoredItem;
  context: ItemContext;
  actor: Actor;
  calendar: WorkspaceCalendar;
}

async function storeCommand(
  { db }: DeliveryDeps,
  request: CommandRequest,
  standing: Standing,
  { fenced }: { fenced: boolean },
) {
  checkIfMatch(request, standing.context);
  const body = COMMAND_BODIES[request.type].parse(request.body);
  const store = (tx: DeliveryDeps['db']) => storePrepared(tx, request, standing, { body, fenced });
  return takesSlots(request.type) ? inTransaction(db, store) : store(db);
}

async function storePrepared(
  db: DeliveryDeps['db'],
  request: CommandRequest,
  { item, context, actor, calendar }: Standing,
  { body, fenced }: { body: object; fenced: boolean },
) {
  const { caller, type, commandId, source, bodyHash } = request;
  const commentId = newId('comment');
  // Versions are rows of their own transactions: one that no command refers to is harmless.
  const preparation = { db, caller, item, context, actor, calendar, body, commentId };
  const prepared = await prepareAny(type, preparation);
  const row = {
    id: commandId,
    workspaceId: item.workspaceId,
    itemId: item.id,
    actorId: actor.memberId,
    source,
    type,
    bodyHash,
    payload: { ...payloadOf(request, prepared, actor, body) },
    ...(fenced && { leaseMs: FENCE_MS }),
  };
  const texts = textsOf(prepared, commentId);
  if (texts.length === 0) return insertCommand(db, row);
  return inTransaction(db, async (tx) => {
    const stored = await insertCommand(tx, row);
    if (stored.conflict || !stored.inserted) return stored;
    const { workspaceId, id: itemId } = item;
    const of = { workspaceId, itemId, authorId: actor.memberId, commandId };
    for (const text of texts) await insertComment(tx, { ...of, visibility: 'internal', ...text });
    return stored;
  });
}

/** What a person wrote with a command, as rows of the thread. */
function textsOf(
  { comment, learnings }: Prepared,
  commentId: string,
): Pick<CommentRow, 'id' | 'kind' | 'text'>[] {
  return [
    ...(comment === null ? [] : [{ id: commentId, kind: 'comment' as const, text: comment }]),
    ...(learnings === undefined
      ? []
      : [{ id: newId('comment'), kind: 'learnings' as const, text: learnings }]),
  ];
}

function payloadOf(
  { type, commandId, ifMatch }: CommandRequest,
  { refs, facts }: Prepared,
  actor: Actor,
  body: object,
): StoredCommand {
  const { basisSeq, expiresAt } = body as { basisSeq?: number; expiresAt?: string };
  const basisTag = ifMatch === '*' ? undefined : ifMatch;
  const message = {
    id: commandId,
    type,
    actor,
    refs,
    facts,
    ...(basisSeq !== undefined && { basisSeq }),
    ...(basisTag !== undefined && { basisTag }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  // `refs` and `facts` come from the preparer of this very type.
  return { kind: 'command', message: message as CommandMessage };
}

/** The body was parsed by the schema of the same type, which is what its preparer takes. */
function prepareAny<T extends CommandType>(
  type: T,
  preparation: Omit<Preparation<T>, 'body'> & { body: unknown },
): Promise<Prepared> {
  return prepareCommand(type, preparation as Preparation<T>);
}

/** Which version `If-Match` speaks of: the brief's, the draft's, or the plan's. */
function checkIfMatch({ type, ifMatch }: CommandRequest, context: ItemContext): void {
  if (ifMatch === undefined) return;
  const current = versionTag(type, context);
  if (ifMatch !== '*' && ifMatch !== current) throw new VersionConflict(current);
  if (ifMatch === '*' && current === null) throw new VersionConflict(null);
}

/** The same function judges the question and the command, so they always agree. */
async function inquire(
  { db }: DeliveryDeps,
  { caller, itemId }: { caller: Caller; itemId: string },
): Promise<Action[] | null> {
  const { workspaceId } = caller;
  const [item, actor] = await Promise.all([
    getItem(db, { workspaceId, itemId }),
    readActor(db, caller),
  ]);
  if (item === null || item.snapshot === null || actor === null) return null;
  return actionsOf(db, { item, snapshot: item.snapshot, actor });
}

/** Every command with what stands in its way for this actor, given a complete payload. */
export async function actionsOf(
  db: DeliveryDeps['db'],
  { item, snapshot, actor }: { item: StoredItem; snapshot: ItemSnapshot; actor: Actor },
): Promise<Action[]> {
  const facts = await factsForActions(db, item, snapshot.context);
  const at = itemTime(item);
  return COMMAND_TYPES.map((command) => {
    const ask = { type: command, actor, refs: null, facts, at } as Inquiry;
    const unmet = unmetFor(snapshot, item.seq, ask);
    return { command, allowed: unmet.length === 0, unmet };
  });
}

async function start(deps: DeliveryDeps, request: StartRequest): Promise<StartOutcome> {
  const { caller, commandId } = request;
  const { workspaceId } = caller;
  const standing = await getCommand(deps.db, { workspaceId, id: commandId });
  const row = standing ?? (await storeStart(deps, request));
  if ('issues' in row) return { outcome: 'invalid', issues: row.issues };
  if ('conflict' in row) return { outcome: 'idempotency_conflict', commandId };
  const outcome = await repeat(deps, { ...request, type: START }, row);
  return outcome.outcome === 'applied' || outcome.outcome === 'pending'
    ? { ...outcome, itemId: row.itemId }
    : outcome;
}

/** Type of the command row that starts an item. */
const START = 'start_item';

async function storeStart(
  { db }: DeliveryDeps,
  request: StartRequest,
): Promise<
  CommandRow | { issues: { path: (string | number)[]; message: string }[] } | { conflict: true }
> {
  const { caller, commandId, bodyHash, source, body } = request;
  const { workspaceId } = caller;
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
  const input: ContentItemInput = {
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
  const stored: StoredCommand = { kind: 'start', input };
  return inTransaction(db, async (tx) => {
    const inserted = await insertCommand(tx, {
      id: commandId,
      workspaceId,
      itemId,
      actorId: caller.memberId,
      source,
      type: START,
      bodyHash,
      payload: { ...stored },
    });
    if (inserted.conflict) return { conflict: true as const };
    if (!inserted.inserted) return inserted.row;
    if (staffed.unmet.length > 0) return refuseStart(tx, inserted.row, staffed.unmet);
    const first = firstEvents(input);
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
    return inserted.row;
  });
}

/** The campaign that an item joins at its start, and whether its gate is open. */
async function campaignOf(
  db: DeliveryDeps['db'],
  { workspaceId, campaignId }: { workspaceId: string; campaignId: string | undefined },
): Promise<
  | Pick<ContentItemInput['item'], 'campaign'>
  | { issues: { path: (string | number)[]; message: string }[] }
> {
  if (campaignId === undefined) return { campaign: null };
  const row = await getCampaign(db, { workspaceId, campaignId });
  return row === null
    ? { issues: [{ path: ['campaignId'], message: 'is not a campaign of this workspace' }] }
    : { campaign: { id: row.id, released: row.releasedAt !== null } };
}

/** A refused start is a verdict like any other: the same key gets it again. */
async function refuseStart(tx: DeliveryDeps['db'], row: CommandRow, unmet: Unmet[]) {
  const key = { workspaceId: row.workspaceId, id: row.id };
  const attempt = await takeFence(tx, key);
  if (attempt !== null) await storeRefusal(tx, { ...key, attempt, unmet, atSeq: 0 });
  return (await getCommand(tx, key)) ?? row;
}

/** Team given at start → that member; else the sole holder of the role; else nobody yet. */
async function staff(
  db: DeliveryDeps['db'],
  { caller, body }: StartRequest,
): Promise<
  | { team: Record<OwnerRole, string | null>; unmet: Unmet[] }
  | { issues: { path: (string | number)[]; message: string }[] }
> {
  const holders = await listHolders(db, { workspaceId: caller.workspaceId });
  const issues: { path: (string | number)[]; message: string }[] = [];
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

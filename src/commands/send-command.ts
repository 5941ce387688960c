import { newId } from '../db/ids.ts';
import { readCommandContext } from '../db/item/command-context.ts';
import { joinQueues } from '../db/item/command-queues.ts';
import {
  getCommand,
  insertCommand,
  type NewCommand,
  storeRefusal,
  verdictOf,
} from '../db/item/commands.ts';
import { type CommentRow, insertComment } from '../db/item/comments.ts';
import { getItem, type StoredItem } from '../db/item/items.ts';
import { insertLearnings } from '../db/item/learnings.ts';
import { isFileGone, keepText, numberText } from '../db/item/versions.ts';
import type { WorkspaceCalendar } from '../db/schema/workspaces.ts';
import { inTransaction } from '../db/transaction.ts';
import { hashOf } from '../domain/canonical.ts';
import { versionTag } from '../domain/item/content/version-tag.ts';
import { type Actor, currentReview, type ItemContext } from '../domain/item/context.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { learningsOf, learningsText } from '../domain/kpi/learning.ts';
import { currentTraceId } from '../health/span.ts';
import type { CommandMessage } from '../workflows/messages.ts';
import { bodyOf } from './command-body.ts';
import { itemTime } from './command-facts.ts';
import type { CommandOutcome, CommandRequest } from './command-outcome.ts';
import { InvalidBody, VersionConflict } from './command-refusals.ts';
import { type DeliveryDeps, deliverCommand, type StoredCommand } from './deliver-command.ts';
import { judgeFirst } from './judge-first.ts';
import type { CommandParts } from './preparation.ts';
import { plainRefs, prepareAny, takesSlots } from './prepare-command.ts';
import { COMMAND_LIFE_MS } from './queue/delivery-pace.ts';
import { FENCE_MS, outcomeOf, repeat, type SenderDeps, settle } from './settle-command.ts';

/** Sends a command to its item's run, or finds what became of it when its id was sent before. */
export async function sendCommand(
  deps: SenderDeps,
  request: CommandRequest,
): Promise<CommandOutcome> {
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
  const known = request.known ?? (await readCommandContext(deps.db, key));
  if (known === null) return { outcome: 'not_found', what: 'member' };
  const { item, actor, command, calendar, queue } = known;
  if (item === null || item.snapshot === null) return { outcome: 'not_found', what: 'item' };
  if (command !== null) return repeat(deps, request, command);
  if (actor === null) return { outcome: 'not_found', what: 'member' };
  const leave = await deps.bulkhead.enter({ workspaceId: caller.workspaceId, itemId });
  try {
    const target = { item, context: item.snapshot.context, actor, calendar };
    // Behind those that wait for the run; without a place, for the drainer.
    const isQueued = queue !== null || leave === null;
    const stored = await storeCommand(deps, request, target, { isQueued });
    if (stored.conflict) return { outcome: 'idempotency_conflict', commandId };
    // A refusal by the row is a verdict already, and without a place the drainer sends it.
    const verdict = verdictOf(stored.row);
    if (verdict !== null || leave === null) return outcomeOf(commandId, verdict);
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

/** The item that a command is for, as it is known, and who acts on it. */
interface Target {
  item: StoredItem;
  context: ItemContext;
  actor: Actor;
  calendar: WorkspaceCalendar;
}

async function storeCommand(
  { db }: DeliveryDeps,
  request: CommandRequest,
  known: Target,
  { isQueued }: { isQueued: boolean },
) {
  const judged = await judgeFirst(db, request, known);
  const target = { ...known, item: judged.item, context: judged.item.snapshot.context };
  if (judged.refused) return storeRefused(db, request, target, judged.unmet);
  checkIfMatch(request, target.context);
  const body = bodyOf(request);
  const store = (tx: DeliveryDeps['db']) => storePrepared(tx, request, target, { body, isQueued });
  const attempt = () =>
    takesSlots(request.type) || isQueued ? inTransaction(db, store) : store(db);
  try {
    return await attempt();
  } catch (error) {
    // A file was tidied after the draft was checked: checked again, it is named as missing.
    if (isFileGone(error)) return attempt();
    throw error;
  }
}

/** A refusal by rights or stage leaves the row that says so, and nothing of what the command brought. */
function storeRefused(
  db: DeliveryDeps['db'],
  request: CommandRequest,
  target: Target,
  unmet: Unmet[],
) {
  const { item } = target;
  const body = bodyOf(request);
  // The comment is not kept, so that nothing refers to it.
  const refs = { ...(textHash(body) ?? plainRefs(request.type, body)), commentId: undefined };
  const parts = { refs, facts: {}, comment: null } as unknown as CommandParts;
  const payload = payloadOf(request, parts, target, body);
  const row = { ...rowOf(request, target, body), payload: { ...payload }, leaseMs: FENCE_MS };
  return inTransaction(db, async (tx) => {
    const stored = await insertCommand(tx, row);
    if (stored.conflict || stored.attempt === null) return stored;
    const key = { workspaceId: item.workspaceId, id: request.commandId };
    await storeRefusal(tx, { ...key, attempt: stored.attempt, unmet, atSeq: item.seq });
    const refused = (await getCommand(tx, key)) ?? stored.row;
    return { ...stored, attempt: null, row: refused };
  });
}

/** A refused text is not kept, only its hash: whoever sent it wrote it, whoever saves it later. */
function textHash(body: object) {
  if ('draft' in body) return { draft: { hash: hashOf(body.draft) } };
  return 'brief' in body ? { brief: { hash: hashOf(body.brief) } } : null;
}

function rowOf(
  { type, commandId, source, bodyHash }: CommandRequest,
  { item, actor }: Target,
  body: object,
): Omit<NewCommand, 'payload'> {
  const { workspaceId, id: itemId, clockOffsetMs } = item;
  const { memberId: actorId } = actor;
  const expiresAt = new Date(Date.parse(expiryOf(item, body)) - clockOffsetMs).toISOString();
  const traceId = currentTraceId();
  return {
    id: commandId,
    workspaceId,
    itemId,
    actorId,
    source,
    type,
    bodyHash,
    expiresAt,
    traceId,
  };
}

/** By the item's own clock, which is that of its run. */
function expiryOf(item: StoredItem, body: object): string {
  const { expiresAt } = body as { expiresAt?: string };
  return expiresAt ?? new Date(Date.parse(itemTime(item)) + COMMAND_LIFE_MS).toISOString();
}

async function storePrepared(
  db: DeliveryDeps['db'],
  request: CommandRequest,
  target: Target,
  { body, isQueued }: { body: object; isQueued: boolean },
) {
  const { caller, type, commandId } = request;
  const { item, context, actor, calendar } = target;
  const commentId = newId('comment');
  const preparation = { db, caller, item, context, actor, calendar, body, commentId };
  const prepared = await prepareAny(type, preparation);
  const { version } = prepared;
  const texts = textsOf(prepared, commentId);
  const insert = (tx: DeliveryDeps['db'], parts: CommandParts) => {
    const payload = { ...payloadOf(request, parts, target, body) };
    const row = { ...rowOf(request, target, body), payload };
    return isQueued ? insertInLine(tx, row) : insertCommand(tx, { ...row, leaseMs: FENCE_MS });
  };
  if (texts.length === 0 && version === undefined) return insert(db, prepared);
  return inTransaction(db, async (tx) => {
    const numbered = version && { ...version.text, ...(await numberText(tx, version.text)) };
    const named = numbered && version.named(numbered);
    const stored = await insert(tx, { ...prepared, ...named });
    if (stored.conflict || !stored.inserted) return stored;
    if (numbered !== undefined) await keepText(tx, { ...numbered, commandId });
    const { workspaceId, id: itemId } = item;
    const of = { workspaceId, itemId, authorId: actor.memberId, commandId };
    for (const text of texts) await insertComment(tx, { ...of, visibility: 'internal', ...text });
    const review = currentReview(context);
    if (prepared.learnings !== undefined && review !== null) {
      const briefHash = context.brief?.hash ?? '';
      const taught = learningsOf(prepared.learnings);
      await insertLearnings(tx, { ...of, reviewId: review.id, briefHash, learnings: taught });
    }
    return stored;
  });
}

/** Stores a command behind those that wait for the run, in the caller's transaction. */
async function insertInLine(tx: DeliveryDeps['db'], row: NewCommand) {
  const stored = await insertCommand(tx, row);
  if (stored.conflict || !stored.inserted) return stored;
  await joinQueues(tx, { workspaceId: row.workspaceId, commandIds: [row.id] });
  return { ...stored, row: { ...stored.row, isQueued: true } };
}

/** What a person wrote with a command, as rows of the thread. */
function textsOf(
  { comment, learnings }: CommandParts,
  commentId: string,
): Pick<CommentRow, 'id' | 'kind' | 'text'>[] {
  return [
    ...(comment === null ? [] : [{ id: commentId, kind: 'comment' as const, text: comment }]),
    ...(learnings === undefined
      ? []
      : [{ id: newId('comment'), kind: 'learnings' as const, text: learningsText(learnings) }]),
  ];
}

function payloadOf(
  { type, commandId, ifMatch }: CommandRequest,
  { refs, facts }: CommandParts,
  { item, actor }: Pick<Target, 'item' | 'actor'>,
  body: object,
): StoredCommand {
  const { basisSeq } = body as { basisSeq?: number };
  const basisTag = ifMatch === '*' ? undefined : ifMatch;
  const message = {
    id: commandId,
    type,
    actor,
    refs,
    facts,
    ...(basisSeq !== undefined && { basisSeq }),
    ...(basisTag !== undefined && { basisTag }),
    expiresAt: expiryOf(item, body),
  };
  // `refs` and `facts` come from the preparer of this very type.
  const hasDefaultLife = (body as { expiresAt?: string }).expiresAt === undefined;
  return { kind: 'command', message: message as CommandMessage, hasDefaultLife };
}

/** Which version `If-Match` speaks of: the brief's, the draft's, or the plan's. */
function checkIfMatch({ type, ifMatch }: CommandRequest, context: ItemContext): void {
  if (ifMatch === undefined) return;
  const current = versionTag(type, context);
  if (ifMatch !== '*' && ifMatch !== current) throw new VersionConflict(current);
  if (ifMatch === '*' && current === null) throw new VersionConflict(null);
}

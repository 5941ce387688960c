import { and, eq, sql } from 'drizzle-orm';
import type { IntentIdentity } from '../../domain/channel/publication-intent.ts';
import type { CommandAnswer } from '../../domain/item/record-schema.ts';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { type CommandRow, UNKNOWN_BODY } from '../item/commands.ts';
import { type ItemKey, isOfItem } from '../item/items.ts';
import { briefs, channelAccounts, commands, drafts, publishIntents } from '../schema/index.ts';
import type { IntentState } from '../schema/publish-intents.ts';

/** The state of every command that an item has, by id. */
export async function readCommandStates(
  db: Db,
  key: ItemKey,
): Promise<Map<string, CommandRow['state']>> {
  const rows = await db
    .select({ id: commands.id, state: commands.state })
    .from(commands)
    .where(isOfItem(commands, key));
  return new Map(rows.map(({ id, state }) => [id, state]));
}

/** Hashes of the briefs and drafts that an item has. */
export async function listTextHashes(db: Db, key: ItemKey): Promise<string[]> {
  const [ofBriefs, ofDrafts] = await Promise.all([
    db.select({ hash: briefs.hash }).from(briefs).where(isOfItem(briefs, key)),
    db.select({ hash: drafts.hash }).from(drafts).where(isOfItem(drafts, key)),
  ]);
  return [...ofBriefs, ...ofDrafts].map(({ hash }) => hash);
}

export interface LostCommand extends ItemKey {
  id: string;
  actorId: string;
  type: string;
  payload: Record<string, unknown>;
  answer: CommandAnswer;
  at: string;
}

/**
 * Stores again a command that a run applied. Its body is not known: whoever sends its id again gets its
 * answer.
 * @returns false when its id is stored.
 */
export async function restoreCommand(
  db: Db,
  { at, answer, ...command }: LostCommand,
): Promise<boolean> {
  const { rowCount } = await db
    .insert(commands)
    .values({
      ...command,
      source: sourceOf(command.id),
      bodyHash: UNKNOWN_BODY,
      state: 'applied',
      answer: { ...answer },
      appliedSeq: answer.seq,
      createdAt: at,
      expiresAt: at,
      settledAt: sql`now()`,
    })
    .onConflictDoNothing();
  return rowCount === 1;
}

function sourceOf(commandId: string) {
  if (commandId.startsWith('webhook:')) return 'webhook';
  return commandId.startsWith('link:') ? 'link' : 'http';
}

export interface LostIntent extends IntentIdentity {
  publicationId: string;
  intentKey: string;
  marker: string;
  contentHash: string;
  dueAt: string;
  state: Extract<IntentState, 'published' | 'rejected' | 'unknown' | 'not_live'>;
  remoteId: string | null;
  permalink: string | null;
}

/**
 * Stores again what a run knows of a send, where the ledger knows less. Nothing that the ledger settled is
 * changed.
 * @returns false when nothing was to be added, or its account is gone.
 */
export async function restoreIntent(db: Db, intent: LostIntent): Promise<boolean> {
  const { workspaceId, channelAccountId, state, remoteId, permalink } = intent;
  const [account] = await db
    .select({ id: channelAccounts.id })
    .from(channelAccounts)
    .where(
      and(eq(channelAccounts.id, channelAccountId), eq(channelAccounts.workspaceId, workspaceId)),
    );
  if (account === undefined) return false;
  const evidence = { reason: 'stored again from the history of the run' };
  const settledAt = state === 'unknown' ? null : sql`now()`;
  const known = { state, remoteId, permalink, evidence, settledAt };
  const { rowCount } = await db
    .insert(publishIntents)
    .values({ id: newId('intent'), ...intent, ...known, attempt: 1 })
    .onConflictDoUpdate({
      target: publishIntents.intentKey,
      set: { ...known, leaseToken: null, leaseUntil: null },
      setWhere: sql`${publishIntents.workspaceId} = ${workspaceId}
        and ${publishIntents.state} in ('planned', 'sending', 'unknown')
        and ${publishIntents.state} <> ${state}`,
    });
  return rowCount === 1;
}

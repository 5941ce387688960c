import { and, asc, desc, eq, getTableColumns, inArray, lt, sql } from 'drizzle-orm';
import type { IntentIdentity } from '../../domain/channel/publication-intent.ts';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { type ItemKey, isOfItem } from '../item/items.ts';
import { publishIntents } from '../schema/index.ts';
import type { IntentResolution, IntentState } from '../schema/publish-intents.ts';
import {
  clockIso,
  type IntentKey,
  type IntentMove,
  type IntentRow,
  move,
  NO_LEASE,
  type Note,
  noted,
} from './intent-changes.ts';

export { getIntent, type IntentKey, type IntentRow, type Note } from './intent-changes.ts';

export type NewIntent = Pick<
  IntentRow,
  | 'workspaceId'
  | 'itemId'
  | 'publicationId'
  | 'channelAccountId'
  | 'slotNumber'
  | 'intentKey'
  | 'marker'
  | 'contentHash'
  | 'dueAt'
>;

/** A row, locked, and the database's clock at that moment. */
export type PlannedIntent = IntentRow & { now: string };

/**
 * Records that a slot is to be sent, or finds its row, and locks it until the transaction ends. While
 * it is still planned, content and time follow the plan; once a send was tried nothing changes.
 */
export async function planIntent(db: Db, intent: NewIntent): Promise<PlannedIntent> {
  const { contentHash, dueAt } = intent;
  const { workspaceId, itemId, channelAccountId, slotNumber, state } = publishIntents;
  const [row] = await db
    .insert(publishIntents)
    .values({ id: newId('intent'), ...intent })
    .onConflictDoUpdate({
      target: [workspaceId, itemId, channelAccountId, slotNumber],
      set: {
        contentHash: sql`case when ${state} = 'planned' then ${contentHash} else ${publishIntents.contentHash} end`,
        dueAt: sql`case when ${state} = 'planned' then ${dueAt}::timestamptz else ${publishIntents.dueAt} end`,
      },
      setWhere: eq(publishIntents.intentKey, intent.intentKey),
    })
    .returning({ ...getTableColumns(publishIntents), now: clockIso() });
  if (row === undefined) {
    throw new Error(`${intent.intentKey}: its slot belongs to another intent key`);
  }
  return row;
}

/**
 * The slot that a person ordered to be published again as this one; null when this is no such order. Slots
 * in between that were never tried are passed over: what is out was sent under the one before. Not so
 * where a person said that nothing is there.
 */
export async function findStopped(db: Db, identity: IntentIdentity): Promise<IntentRow | null> {
  const [row] = await db
    .select()
    .from(publishIntents)
    .where(
      and(
        isEarlierSlot(identity),
        sql`not (${publishIntents.attempt} = 0
          and coalesce(${publishIntents.resolution}, 'skip') in ('publish_again', 'skip'))`,
      ),
    )
    .orderBy(desc(publishIntents.slotNumber))
    .limit(1);
  return row?.resolution === 'publish_again' ? row : null;
}

/**
 * Whether a post of an earlier slot of the same item and account is out, or may be: its sender may have
 * come back after a person decided to publish again.
 */
export async function mayEarlierBeOut(db: Db, identity: IntentIdentity): Promise<boolean> {
  if (identity.slotNumber === 1) return false;
  const rows = await db
    .select({ state: publishIntents.state })
    .from(publishIntents)
    .where(
      and(
        isEarlierSlot(identity),
        inArray(publishIntents.state, ['published', 'sending', 'unknown']),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

/** Every intent of an item, by account and slot. */
export async function listIntents(db: Db, key: ItemKey): Promise<IntentRow[]> {
  return db
    .select()
    .from(publishIntents)
    .where(isOfItem(publishIntents, key))
    .orderBy(asc(publishIntents.channelAccountId), asc(publishIntents.slotNumber));
}

/**
 * Settles an intent by what a person stated. A sender that still comes back has lost its lease and
 * changes nothing any more.
 */
export async function resolveIntent(
  db: Db,
  {
    resolution,
    evidence,
    remoteId = null,
    permalink = null,
    ...key
  }: IntentKey & {
    resolution: IntentResolution;
    evidence: Note;
    remoteId?: string | null;
    permalink?: string | null;
  },
): Promise<IntentMove> {
  const state = RESOLVED_STATES[resolution];
  return move(db, key, inArray(publishIntents.state, ['planned', 'sending', 'unknown']), {
    state,
    resolution,
    evidence,
    ...NO_LEASE,
    ...(state === 'published' && {
      remoteId: sql`coalesce(${remoteId}, ${publishIntents.remoteId})`,
      permalink: sql`coalesce(${permalink}, ${publishIntents.permalink})`,
    }),
    log: noted({ what: 'resolved', resolution, ...evidence }),
    settledAt: sql`now()`,
  });
}

const RESOLVED_STATES = {
  live: 'published',
  not_live: 'not_live',
  publish_again: 'not_live',
  skip: 'withdrawn',
} as const satisfies Record<IntentResolution, IntentState>;

/** The database's clock, ISO 8601 UTC. */
export async function readClock(db: Db): Promise<string> {
  const { rows } = await db.execute<{ now: string }>(sql`select ${clockIso()} as now`);
  return rows[0]?.now ?? '';
}

function isEarlierSlot({ workspaceId, itemId, channelAccountId, slotNumber }: IntentIdentity) {
  return and(
    eq(publishIntents.workspaceId, workspaceId),
    eq(publishIntents.itemId, itemId),
    eq(publishIntents.channelAccountId, channelAccountId),
    lt(publishIntents.slotNumber, slotNumber),
  );
}

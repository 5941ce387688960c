import type { Db } from '../../db/client.ts';
import { getItem, type ItemKey } from '../../db/item/items.ts';
import { addOutboxEvent } from '../../db/outbound/outbox.ts';
import { listReminded, lockReminders } from '../../db/telling/reminders.ts';
import { inTransaction } from '../../db/transaction.ts';
import { listMembers } from '../../db/workspace/members.ts';
import type { Finding } from '../../domain/audit/finding.ts';
import { placeOf } from '../../domain/item/run.ts';
import { standingOf } from '../../domain/outbound/standing.ts';
import { REMINDER_PAUSE_MS, remindersOf } from '../../domain/telling/reminders.ts';
import { NotPossible, type RepairOrder, type RepairReport } from './repair-outcome.ts';

/** Has everybody whom the item waits for reminded, but whoever was reminded within the last hour. */
export function remind(
  { db }: { db: Db },
  { finding, ...key }: ItemKey & { finding: Finding },
  { dryRun, caller }: Pick<RepairOrder, 'dryRun' | 'caller'>,
): Promise<RepairReport> {
  return inTransaction(db, async (tx) => {
    await lockReminders(tx, key);
    const item = await getItem(tx, key);
    if (item === null) throw new NotPossible(`${key.itemId} has no row`);
    const at = new Date().toISOString();
    const waiting = await waitedFor(tx, item, at);
    if (waiting.size === 0) throw new NotPossible('nobody active can be reminded: reassign it');
    const reminded = await listReminded(tx, { ...key, withinMs: REMINDER_PAUSE_MS });
    const memberIds = [...waiting.keys()].filter((id) => !reminded.has(id));
    const changes = memberIds.map((id) => `${id} is reminded, as ${waiting.get(id)}`);
    if (dryRun || memberIds.length === 0) return { changes, result: {} };
    const { id: findingId, code } = finding;
    const data = { memberIds, remindedAt: at, findingId, code };
    const payload = { at, actor: caller.memberId, data, standing: standingOf(item) };
    const eventId = await addOutboxEvent(tx, { ...key, type: 'item.reminded', payload });
    return { changes, result: { eventId, memberIds } };
  });
}

type Item = NonNullable<Awaited<ReturnType<typeof getItem>>>;

/** Members to remind, and the role that each is waited for in. */
async function waitedFor(
  tx: Db,
  { workspaceId, snapshot, clockOffsetMs }: Item,
  at: string,
): Promise<Map<string, string>> {
  const members = await listMembers(tx, { workspaceId });
  const people = {
    all: members.filter(({ active }) => active),
    now: Date.parse(at) + clockOffsetMs,
  };
  const tellings = remindersOf(placeOf(snapshot), snapshot.context, { people, about: {}, at });
  return new Map(
    tellings.flatMap(({ to, about }) =>
      to.map(({ memberId }): [string, string] => [memberId, String(about['role'])]),
    ),
  );
}

import { type BatonClient, type Finding, wholeList } from '../../src/client/index.ts';
import type { Player } from './cast.ts';
import { poll } from './poll.ts';
import type { Story } from './story.ts';

type RepairOrder = Parameters<BatonClient['audit']['repair']>[1];

/** What the audit says of an item whose time is over. */
export function untilFound({ cast }: Story, itemId: string): Promise<Finding> {
  return poll(`a finding about ${itemId}`, async () => {
    const { items } = await cast.strategist.client.audit.stuck({ itemId });
    const found = items.find(({ code }) => code === 'overdue');
    return found ? { found } : { seen: `${items.length} findings of another kind` };
  });
}

export async function untilGone({ cast }: Story, itemId: string): Promise<void> {
  await poll(`no finding about ${itemId}`, async () => {
    const { items } = await cast.strategist.client.audit.stuck({ itemId });
    return items.length === 0
      ? { found: true }
      : { seen: items.map(({ message }) => message).join('; ') };
  });
}

export function showFinding({ narrator, cast }: Story, finding: Finding): void {
  const { code, severity, message, since, waitingOn, unmet, repairs } = finding;
  const nameOf = (memberId: string | undefined) =>
    Object.values(cast).find((player) => player.memberId === memberId)?.name ?? 'whoever holds it';
  narrator.facts({
    finding: `${code}, ${severity}`,
    message,
    since,
    'waiting on': waitingOn
      .map(({ role, memberId, for: command }) => `${nameOf(memberId)} (${role}) for ${command}`)
      .join('; '),
    ...(unmet.length > 0 && {
      unmet: unmet.map((one) => `${one.code}: ${one.message}`).join('; '),
    }),
    repairs: repairs.join(', ') || 'none',
  });
}

/** What each of them was told of an item that is late: `GET /v1/notifications`, newest first. */
export async function showToldPeople(
  { narrator }: Story,
  itemId: string,
  players: readonly Player[],
): Promise<void> {
  const told: Record<string, string> = {};
  for (const { name, client } of players) {
    const notice = await poll(`a notice of ${itemId} to ${name}`, async () => {
      const notices = await wholeList((query) => client.notices.list(query));
      const own = notices.filter((one) => one.itemId === itemId);
      const found = own.find(({ kind }) => kind === 'escalation');
      return found ? { found } : { seen: own.map(({ kind }) => kind).join(', ') || 'none' };
    });
    told[`told: ${name}`] = notice.text;
  }
  narrator.facts(told);
}

/** Repairs a finding from the finding. @throws Error when it still stands afterwards */
export async function repair(
  { narrator }: Story,
  { name, client }: Player,
  { id }: Finding,
  order: RepairOrder,
): Promise<void> {
  const { outcome, stillFound, changes, error } = await client.audit.repair(id, order);
  if (outcome !== 'done' || stillFound) {
    throw new Error(`${order.repair} of ${id}: ${error ?? outcome}, found: ${stillFound}`);
  }
  narrator.done(name, `repairs it from the finding: ${changes.join('; ')}`);
  narrator.facts({ repaired: 'looked at again at once: the finding is gone' });
}

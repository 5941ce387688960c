import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../../db/client.ts';
import { listFailing, replayFailing } from '../../db/outbound/deliveries.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Finding } from '../../domain/audit/finding.ts';
import { NotPossible, type RepairReport } from './repair-outcome.ts';

/** Deliveries that one repair gives another try. */
const MANY = 200;
/** A receiver that is back has answered the first of them by then. */
const ANSWER_MS = 2_000;
const POLL_MS = 100;

/** Delivers again what a receiver did not take, from the first attempt on, each under its own id. */
export async function replayDeliveries(
  { db }: { db: Db },
  { workspaceId, finding: { evidence } }: { workspaceId: string; finding: Finding },
  { dryRun }: { dryRun: boolean },
): Promise<RepairReport> {
  if (evidence['stopped'] === 'gone') {
    throw new NotPossible('the receiver said that it is gone: start its subscription again first');
  }
  const key = { workspaceId, subscriptionId: String(evidence['subscriptionId']), limit: MANY };
  const changesFor = (ids: string[]) =>
    ids.length === 0 ? [] : [`deliveries that are tried again: ${ids.length}`];
  if (dryRun) return { changes: changesFor(await listFailing(db, key)), result: {} };
  const replayed = await inTransaction(db, (tx) => replayFailing(tx, key));
  const failed = await failedAgain(db, { ...key, among: replayed });
  return {
    changes: changesFor(replayed),
    result: { replayed: replayed.length, failed },
    ...(failed.length > 0 && { failedAgain: true }),
  };
}

/** The first that the receiver does not take again holds up those behind it. */
async function failedAgain(db: Db, key: Parameters<typeof listFailing>[1]): Promise<string[]> {
  const until = Date.now() + ANSWER_MS;
  for (;;) {
    const failed = await listFailing(db, key);
    if (failed.length > 0 || Date.now() > until) return failed;
    await delay(POLL_MS);
  }
}

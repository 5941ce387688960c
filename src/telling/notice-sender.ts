import { setTimeout as delay } from 'node:timers/promises';
import type { SecretBox } from '../credentials/secret-box.ts';
import { slackPurpose } from '../credentials/slack-purpose.ts';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import {
  type ClaimedSend,
  claimBatch,
  type DueBatch,
  listDueBatches,
  settleSends,
} from '../db/telling/notice-sends.ts';
import { NO_CHOICE, readPreferences, readSlackChannel } from '../db/telling/preferences.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import type { HttpClient } from '../http/http-client.ts';
import { afterQuietHours } from '../time/send-time.ts';
import type { Mailer } from './mail.ts';
import type { SendOutcome } from './send-outcome.ts';
import { forOneMessage, sendToSlack } from './slack.ts';
import { whyNotSaid } from './still-true.ts';
import { SHARED_BATCH } from './store-notices.ts';

export interface NoticeSenderDeps {
  db: Db;
  secrets: Pick<SecretBox, 'open'>;
  http: HttpClient;
  /** Null: no mail is sent; notices that wait for it stay. */
  mailer: Mailer | null;
  log: { warn(fields: object, message: string): void };
}

export interface NoticeSender {
  /** Ends after the messages in hand. */
  stop(): Promise<void>;
}

interface Pace {
  /** Between two looks when nothing is due. */
  pauseMs: number;
  /** After the first failure; each further one waits three times as long. */
  retryAfterMs: number;
}

const PACE: Pace = { pauseMs: 1_000, retryAfterMs: 5_000 };
const LONGEST_RETRY_MS = 4 * 3_600_000;
/** About nine hours in all. */
const MAX_ATTEMPTS = 10;
/** Messages of one channel at once: each waits for a server most of its time. */
const PLACES = 4;
/** Longer than any attempt: whoever holds it afterwards is dead. */
const LEASE_MS = 60_000;
const MAX_ERROR = 300;

type Channel = 'email' | 'slack';

/**
 * Sends notices that are due, each channel in a line of its own: a mail server that hangs delays no Slack
 * message. Any number may run. Nothing waits for it: an item's run knows of no notice.
 */
export function startNoticeSender(deps: NoticeSenderDeps, pace: Partial<Pace> = {}): NoticeSender {
  const stopping = new AbortController();
  const channels: Channel[] = deps.mailer === null ? ['slack'] : ['email', 'slack'];
  const lines = channels.map((channel) =>
    workLine(deps, channel, { ...PACE, ...pace }, stopping.signal),
  );
  return {
    async stop() {
      stopping.abort();
      await Promise.all(lines);
    },
  };
}

async function workLine(
  deps: NoticeSenderDeps,
  channel: Channel,
  pace: Pace,
  signal: AbortSignal,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (!signal.aborted) {
    let begun = 0;
    try {
      const limit = PLACES - underWay.size;
      const due = limit === 0 ? [] : await listDueBatches(deps.db, { channel, limit });
      for (const batch of due) {
        const claimed = await inWorkspace(batch, () =>
          claimBatch(deps.db, { ...batch, channel, leaseMs: LEASE_MS }),
        );
        if (claimed.length === 0) continue;
        begun += 1;
        const work = inWorkspace(batch, () => sendBatch(deps, channel, batch, claimed, pace))
          // Its lease runs out, and it is due again.
          .catch((error) => warn(deps, error, channel))
          .finally(() => underWay.delete(work));
        underWay.add(work);
      }
    } catch (error) {
      warn(deps, error, channel);
    }
    if (begun === 0 && !signal.aborted) {
      const pause = delay(pace.pauseMs, null, { signal }).catch(() => {});
      await Promise.race([pause, ...underWay]);
    }
  }
  await Promise.all(underWay);
}

/** Sends what is still worth saying, and notes what came of it. */
async function sendBatch(
  deps: NoticeSenderDeps,
  channel: Channel,
  { workspaceId, batch }: DueBatch,
  claimed: readonly ClaimedSend[],
  pace: Pace,
): Promise<void> {
  const { db } = deps;
  const settle = (
    sends: readonly ClaimedSend[],
    outcome: Omit<Settlement, 'workspaceId' | 'ids'>,
  ) => settleSends(db, { workspaceId, ids: sends.map(({ send }) => send.id), ...outcome });
  const reasons = await whyNotSaid(db, { workspaceId, claimed });
  for (const [reason, sends] of Map.groupBy(claimed, ({ send }) => reasons.get(send.id) ?? null)) {
    if (reason !== null) await settle(sends, { state: 'settled', lastError: reason });
  }
  const said = claimed.filter(({ send }) => !reasons.has(send.id));
  const memberIds = said.map(({ member }) => member.id);
  const choices = await readPreferences(db, { workspaceId, memberIds });
  const choiceOf = ({ member }: ClaimedSend) => choices.get(member.id) ?? NO_CHOICE;
  const now = Date.now();
  const wake = (one: ClaimedSend) =>
    afterQuietHours(now, { zone: one.member.zone, quietHours: choiceOf(one).quietHours });
  // Their member chose quiet hours since, or an attempt failed just before them.
  for (const [at, sends] of Map.groupBy(said, wake)) {
    const dueAt = new Date(at).toISOString();
    if (at > now) await settle(sends, { state: 'pending', dueAt, lastError: null, counts: false });
  }
  const [first, ...rest] = said.filter((one) => wake(one) === now);
  if (first === undefined) return;
  if (channel === 'email' && deps.mailer !== null) {
    const sends = [first, ...rest] as const;
    const outcome = await deps.mailer.send([...sends]);
    await settle(sends, settlementOf(outcome, first.send.attempts, pace));
    return;
  }
  const { said: sends, later } = forOneMessage([first, ...rest]);
  const own = batch.startsWith(SHARED_BATCH) ? null : choiceOf(first).sealedSlackUrl;
  const outcome = await slack(deps, sends, own);
  const settlement = settlementOf(outcome, first.send.attempts, pace);
  await settle(sends, settlement);
  // The next message, which waits as long as this one where Slack takes none now.
  const { dueAt = new Date().toISOString() } = settlement;
  await settle(later, { state: 'pending', dueAt, lastError: null, counts: false });
}

type Settlement = Parameters<typeof settleSends>[1];

function settlementOf(
  outcome: SendOutcome,
  attempts: number,
  { retryAfterMs }: Pace,
): Pick<Settlement, 'state' | 'dueAt' | 'lastError'> {
  if (outcome.kind === 'sent') return { state: 'sent', lastError: null };
  const lastError = outcome.error.slice(0, MAX_ERROR);
  if (outcome.kind === 'refused' || attempts >= MAX_ATTEMPTS) return { state: 'failed', lastError };
  const pause = Math.min(retryAfterMs * 3 ** (attempts - 1), LONGEST_RETRY_MS);
  const wait = Math.min(Math.max(pause, outcome.afterMs ?? 0), LONGEST_RETRY_MS);
  return { state: 'pending', dueAt: new Date(Date.now() + wait).toISOString(), lastError };
}

/** @param own address of the member's channel; null: to that of the workspace. */
async function slack(
  deps: NoticeSenderDeps,
  sends: [ClaimedSend, ...ClaimedSend[]],
  own: string | null,
): Promise<SendOutcome> {
  const { db, secrets, http } = deps;
  const { workspaceId, id: memberId } = sends[0].member;
  const shared = own === null ? await readSlackChannel(db, { workspaceId }) : null;
  const sealed = own ?? shared?.sealed ?? null;
  if (sealed === null) return { kind: 'refused', error: 'there is no Slack channel' };
  let url: string;
  try {
    url = secrets.open(sealed, slackPurpose(own === null ? workspaceId : memberId));
  } catch (error) {
    warn(deps, error, 'slack');
    return { kind: 'failed', error: 'the address could not be opened' };
  }
  return sendToSlack(http, url, sends);
}

function warn({ log }: NoticeSenderDeps, error: unknown, channel: Channel): void {
  log.warn({ reason: describeDatabaseError(error), channel }, 'notices could not be sent');
}

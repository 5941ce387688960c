import { Context } from '@temporalio/activity';
import { describeDatabaseError } from '../../db/errors.ts';
import { readBanMs } from '../../db/publishing/channel-budgets.ts';
import { keptOutcome, type PublicationOrder } from '../../domain/channel/publication-intent.ts';
import type { ActivityDeps } from '../deps.ts';
import { collectBaseline } from '../measuring.ts';
import { type EventBatch, recordBatch } from '../recording.ts';
import { findTarget, readContents, type SendTarget } from './post-content.ts';
import { type ReconcileQuestion, type Reconciliation, reconcile } from './reconciling.ts';
import { type SendAttempt, unlessMaybeOut, withoutRight } from './send-attempt.ts';
import { type SendRight, takeSendRight } from './send-right.ts';
import { type Contents, sendTexts } from './send-texts.ts';
import { SEND_TIMING, type SendTiming } from './send-timing.ts';

/** The readings before a post are taken within this, or not at all: they may make it so late. */
const BASELINE_WITHIN_MS = 1_000;

export interface SendQuestion {
  order: PublicationOrder;
  /** A look-up found nothing of an earlier attempt. */
  again: boolean;
  /** Events of the run that the tables have to know before anything is sent. */
  record?: EventBatch;
  /** The run's clock, where readings of the account as it is before the post are to be taken. */
  baselineAt?: string;
}

type LookUpDeps = Pick<
  ActivityDeps,
  'db' | 'channels' | 'assets' | 'secrets' | 'sendTiming' | 'noteSend'
>;
type SendDeps = LookUpDeps & Pick<ActivityDeps, 'measuringDb' | 'sources'>;

export function sendActivities(deps: SendDeps) {
  const timing = timingOf(deps);
  return {
    /**
     * One attempt to publish: the run's events, then intent row, hash check and lease in one
     * transaction, committed before the network is touched; the lease is asked again right before the
     * request is written. Nothing before the lease fails the attempt: what was not begun can wait.
     */
    async sendPublication(question: SendQuestion): Promise<SendAttempt> {
      const deadline = ownDeadline();
      let recorded: { recordedSeq?: number } = {};
      let prepared: Preparation | SendAttempt;
      // Sources are asked meanwhile: they must not make the post late.
      const baselineTaken = takeBaseline(deps, question);
      try {
        if (question.record !== undefined) {
          await recordBatch(deps.db, question.record);
          recorded = { recordedSeq: question.record.seq };
        }
        prepared = await prepare(deps, question, timing);
      } catch (error) {
        const why = describeDatabaseError(error).slice(0, 300);
        return { outcome: 'wait', evidence: `nothing was sent: ${why}`, ...recorded };
      } finally {
        await baselineTaken;
      }
      const result =
        'outcome' in prepared
          ? prepared
          : await sendTexts(deps, { ...prepared, order: question.order, timing, deadline });
      note(deps, question.order, result);
      return { ...keptOutcome(result), ...recorded };
    },
  };
}

export function lookUpActivities(deps: LookUpDeps) {
  const timing = timingOf(deps);
  return {
    /**
     * Finds out what an unknown send did, by looking. Sends nothing itself.
     * @throws a retryable failure while the lease still runs, the channel cannot tell, or must be
     * looked at once more.
     */
    async reconcilePublication(question: ReconcileQuestion): Promise<Reconciliation> {
      const result = await reconcile(deps, question, timing);
      note(deps, question.order, result);
      return keptOutcome(result);
    },
  };
}

function note(
  { noteSend }: LookUpDeps,
  { channel, dueAt }: PublicationOrder,
  { outcome }: { outcome: string },
): void {
  noteSend?.({ channel, outcome, lateMs: Date.now() - Date.parse(dueAt) });
}

function timingOf({ sendTiming }: LookUpDeps): SendTiming {
  return { ...SEND_TIMING, ...sendTiming };
}

interface Preparation {
  target: SendTarget;
  contents: Contents;
  right: SendRight;
}

/** Everything up to the right to send; what came of the attempt when it does not get it. */
async function prepare(
  deps: SendDeps,
  { order, again }: SendQuestion,
  timing: SendTiming,
): Promise<Preparation | SendAttempt> {
  const { db } = deps;
  const [contents, target, banMs] = await Promise.all([
    readContents(deps, order),
    findTarget(deps, order),
    readBanMs(db, order),
  ]);
  if ('outcome' in contents) return unlessMaybeOut(deps, order, contents);
  if ('evidence' in target) {
    return unlessMaybeOut(deps, order, { outcome: 'rejected', evidence: target.evidence });
  }
  if (banMs > 0) {
    return withoutRight(deps, order, { granted: false, reason: 'banned', waitMs: banMs });
  }
  const { channel, account } = target;
  const right = await takeSendRight(db, {
    order,
    contents: contents.map((content) => ({
      ...content,
      comparable: channel.comparableOf?.(content.text),
    })),
    idempotency: channel.idempotencyOf(account),
    again,
    timing,
  });
  return right.granted ? { target, contents, right } : withoutRight(deps, order, right);
}

/** What sources say of the account before the post, where the run wants it. Its lack stops no post. */
async function takeBaseline(
  deps: SendDeps,
  { order, baselineAt: at }: SendQuestion,
): Promise<void> {
  if (at === undefined) return;
  const signal = AbortSignal.timeout(BASELINE_WITHIN_MS);
  const over = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const question = { ...order, at };
  const collected = collectBaseline({ ...deps, db: deps.measuringDb }, question, signal);
  await Promise.race([over, collected.catch(() => undefined)]);
}

/** Tells when the engine gives the attempt up: a process that was paused must not send after that. */
function ownDeadline(): number {
  return performance.now() + Context.current().info.startToCloseTimeoutMs;
}

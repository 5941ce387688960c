import { setTimeout as delay } from 'node:timers/promises';
import type { CommandOutcome } from '../../commands/command-outcome.ts';
import { outcomeOf } from '../../commands/settle-command.ts';
import { readVerdict } from '../../db/item/commands.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
import type { Language } from '../../domain/labels/words.ts';
import type { ApiDeps } from '../deps.ts';
import { type SlackAnswer, slackAnswer } from './slack-words.ts';

/** Slack takes five messages within half an hour. */
const MAX_TRIES = 5;
const LOOKS_S = [1, 2, 4, 8, 15, 30, ...Array.from({ length: 25 }, () => 60)];
const TRIES_S = [1, 5, 30, 120];
/** Clicks that wait to be told at the same time; more are only answered at once. */
const MAX_WAITING = 200;

interface Told {
  workspaceId: string;
  responseUrl: string | null;
}

/**
 * Tells whoever clicked what became of it: Slack shows them nothing else. It is of this process: a
 * process that ends tells nobody, and the decision stands all the same.
 */
export function createFollowUps({
  db,
  slackReply,
  log,
}: Pick<ApiDeps, 'db' | 'slackReply' | 'log'>) {
  let waiting = 0;

  /** What a decision comes to, once that is known. */
  function tell(told: Told & { language: Language }, outcome: CommandOutcome): Promise<void> {
    const last = () => settled(told.workspaceId, outcome);
    return saying(told, async () => slackAnswer(await last(), told.language));
  }

  function say(told: Told, answer: SlackAnswer): Promise<void> {
    return saying(told, async () => answer);
  }

  /** Never rejects, and keeps no process alive. */
  async function saying({ workspaceId, responseUrl }: Told, answer: () => Promise<SlackAnswer>) {
    if (responseUrl === null || waiting >= MAX_WAITING) return;
    waiting += 1;
    try {
      await post(responseUrl, await inWorkspace({ workspaceId }, answer));
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.warn({ reason }, 'what became of a click in Slack was not told');
    } finally {
      waiting -= 1;
    }
  }

  async function settled(workspaceId: string, outcome: CommandOutcome): Promise<CommandOutcome> {
    if (outcome.outcome !== 'pending') return outcome;
    const { commandId } = outcome;
    for (const seconds of LOOKS_S) {
      await delay(seconds * 1_000, undefined, { ref: false });
      const verdict = await readVerdict(db, { workspaceId, id: commandId });
      if (verdict !== null) return outcomeOf(commandId, verdict);
    }
    return outcome;
  }

  async function post(url: string, message: object): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      const told = await slackReply(url, message);
      const pause = TRIES_S[tried - 1];
      if (told === 'sent') return;
      if (told === 'refused' || pause === undefined || tried >= MAX_TRIES) {
        log.warn({ tried, told }, 'what became of a click in Slack was not told');
        return;
      }
      await delay(pause * 1_000, undefined, { ref: false });
    }
  }

  return { tell, say };
}

import type { Command, CommandType } from './commands.ts';
import type { CommandAnswer } from './record-schema.ts';
import { type ItemSnapshot, placeOf } from './run.ts';
import { stageOf, substageOf } from './stages.ts';

/** What an answer depends on, besides the state after the command. */
type CommandContent = {
  [T in CommandType]: Pick<Command<T>, 'type' | 'refs' | 'facts'>;
}[CommandType];

/** What every answer says. */
export function answerAt(snapshot: ItemSnapshot, seq: number): CommandAnswer {
  const place = placeOf(snapshot);
  return { seq, stage: stageOf(place), substage: substageOf(place) };
}

/** @param snapshot right after the command, at `seq`. */
export function answerOf(
  command: CommandContent,
  snapshot: ItemSnapshot,
  seq: number,
): CommandAnswer {
  const { context } = snapshot;
  const answer = answerAt(snapshot, seq);
  switch (command.type) {
    case 'save_brief': {
      const { version, hash } = command.refs.brief;
      return { ...answer, version, hash };
    }
    case 'save_draft': {
      const { version, hash } = command.refs.draft;
      return { ...answer, version, hash, contentHash: context.contentHash };
    }
    case 'submit_for_review':
      return { ...answer, contentHash: context.contentHash };
    case 'offer_handoff':
    case 'accept_handoff':
    case 'decline_handoff':
    case 'withdraw_handoff': {
      const handoff = context.handoffs.at(-1);
      return {
        ...answer,
        ...(handoff !== undefined && { handoffId: handoff.id }),
        ...warningsOf(command),
      };
    }
    case 'plan_schedule':
    case 'resolve_publication':
    case 'skip_publication':
      return {
        ...answer,
        publications: context.publications.map(({ id, channelAccountId, state, at }) => ({
          id,
          channelAccountId,
          state,
          at,
        })),
        ...warningsOf(command),
      };
    default:
      return answer;
  }
}

function warningsOf({ facts }: Pick<CommandContent, 'facts'>): Pick<CommandAnswer, 'warnings'> {
  return facts.warnings === undefined ? {} : { warnings: facts.warnings };
}

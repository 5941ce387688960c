import type { CommandAnswer } from '../record-schema.ts';
import { ANSWER_BYTES, jsonBytes, lastWithin } from '../size.ts';

/** Of a longer answer only when and where is known by heart. */
const LONG_ANSWER_BYTES = 800;

export interface KeptAnswers {
  /** The latest ones, oldest first. */
  seen: [id: string, answer: CommandAnswer][];
  /** Seq of the last command whose answer is in the tables only; 0 when there is none. */
  forgottenSeq: number;
}

/**
 * What a run goes on with of the answers it gave.
 * @param answers oldest first.
 * @param forgottenSeq of the run before.
 */
export function keepAnswers(
  answers: Iterable<readonly [id: string, answer: CommandAnswer]>,
  forgottenSeq = 0,
): KeptAnswers {
  const all = Array.from(answers, ([id, answer]): [string, CommandAnswer] => [id, brief(answer)]);
  const seen = lastWithin(all, ANSWER_BYTES);
  const [, last] = all[all.length - seen.length - 1] ?? [];
  return { seen, forgottenSeq: Math.max(forgottenSeq, last?.seq ?? 0) };
}

function brief(answer: CommandAnswer): CommandAnswer {
  if (jsonBytes(answer) <= LONG_ANSWER_BYTES) return answer;
  const { seq, stage, substage } = answer;
  return { seq, stage, substage };
}

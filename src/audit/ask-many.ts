import type { CouldNotAsk } from '../domain/audit/finding.ts';
import { whyNot } from '../engine/ask.ts';

export interface Answers<A, B> {
  answers: B[];
  /** Questions that were not asked any more, or have no answer. */
  open: A[];
  /** Why, when there is any. */
  why: string | null;
}

export const NO_TIME = 'one answer has no time for them all';
export const ASK_AGAIN = `${NO_TIME}. Ask again, and it goes on`;

/** That so many were not asked about; nothing when it is none. */
export function leftOver(count: number, open: CouldNotAsk): CouldNotAsk[] {
  return count === 0 ? [] : [open];
}

/**
 * Asks about each of a list, some at a time. A question that fails is left open; after a few that got
 * no answer in a row nothing more is asked, for then the engine is away.
 */
export async function askMany<A, B>(
  about: readonly A[],
  { parallel, until }: { parallel: number; until: number },
  question: (one: A) => Promise<B>,
): Promise<Answers<A, B>> {
  const answers: Answers<A, B> = { answers: [], open: [], why: null };
  const queue = [...about];
  let failures = 0;
  const work = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      if (Date.now() >= until || failures >= parallel) {
        answers.open.push(one);
        answers.why ??= NO_TIME;
        continue;
      }
      try {
        answers.answers.push(await question(one));
        failures = 0;
      } catch (error) {
        failures += 1;
        answers.open.push(one);
        answers.why = whyNot(error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return answers;
}

import { type Client, isGrpcServiceError } from '@temporalio/client';

/** How long one question to the engine may take. */
export const ASK_MS = 2_000;
/** The client's own deadline overshoots, so every question is raced as well. */
const OVERSHOOT_MS = 200;

/** gRPC status codes of a server that cannot be reached, or does not answer. */
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

/** The engine did not answer in time. */
export class NoAnswer extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'NoAnswer';
  }
}

/**
 * One question with a short deadline.
 * @param until epoch milliseconds when the whole audit stops asking.
 * @throws NoAnswer, or the engine's own error.
 */
export async function ask<T>(temporal: Client, until: number, call: () => Promise<T>): Promise<T> {
  const ms = Math.max(1, Math.min(ASK_MS, until - Date.now()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(ms)), ms + OVERSHOOT_MS);
  });
  const answer = temporal.withDeadline(Date.now() + ms, call);
  // Its late outcome is of no interest, and must not end the process.
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function isNotFound(error: unknown): boolean {
  return codeOf(error) === NOT_FOUND;
}

export function isUnimplemented(error: unknown): boolean {
  return codeOf(error) === UNIMPLEMENTED;
}

/** Why a question has no answer, in words that hold no text of anybody's. */
export function whyNot(error: unknown): string {
  const code = codeOf(error);
  if (error instanceof NoAnswer || code === DEADLINE_EXCEEDED) return 'the engine did not answer';
  if (code === UNAVAILABLE) return 'the engine cannot be reached';
  return code === null ? 'the answer could not be read' : `the engine answered gRPC code ${code}`;
}

/** gRPC status code of an error of the engine or of its cause; null for anything else. */
export function codeOf(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  const cause = error instanceof Error ? error.cause : null;
  return isGrpcServiceError(cause) ? cause.code : null;
}

export interface Gathered<A, B> {
  answers: B[];
  /** Questions that were not asked any more, or have no answer. */
  open: A[];
  /** Why, when there is any. */
  why: string | null;
}

/**
 * Asks about each of a list, some at a time. A question that fails is left open; after a few that got
 * no answer in a row nothing more is asked, for then the engine is away.
 */
export async function gather<A, B>(
  about: readonly A[],
  { parallel, until }: { parallel: number; until: number },
  question: (one: A) => Promise<B>,
): Promise<Gathered<A, B>> {
  const gathered: Gathered<A, B> = { answers: [], open: [], why: null };
  const queue = [...about];
  let failures = 0;
  const work = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      if (Date.now() >= until || failures >= parallel) {
        gathered.open.push(one);
        gathered.why ??= 'asking about all of them takes longer than one answer may';
        continue;
      }
      try {
        gathered.answers.push(await question(one));
        failures = 0;
      } catch (error) {
        failures += 1;
        gathered.open.push(one);
        gathered.why = whyNot(error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return gathered;
}

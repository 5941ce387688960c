import { type Client, isGrpcServiceError } from '@temporalio/client';

/** How long one of several questions to the engine may take. */
export const ASK_MS = 2_000;
/** Whoever gives a command at a terminal waits longer than a request: an engine may be busy. */
export const OPERATOR_MS = 30_000;
/** The client's own deadline overshoots (measured: up to 6.8 s), so every call is raced as well. */
const OVERSHOOT_MS = 200;

/**
 * gRPC status codes of a call whose time is over. The server knows the deadline too: where its clock
 * is first, it resets the stream, and the call ends as cancelled.
 */
const OUT_OF_TIME: ReadonlySet<number | null> = new Set([1, 4]);
/** gRPC status codes of what is not there, is not known, or cannot be reached. */
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
 * One call of the engine. A late outcome is thrown away.
 * @throws NoAnswer, or the engine's own error.
 */
export async function callWithin<T>(
  temporal: Client,
  ms: number,
  call: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(ms)), ms + OVERSHOOT_MS);
  });
  const answer = temporal.withDeadline(Date.now() + ms, call);
  // Its late outcome must not end the process.
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (OUT_OF_TIME.has(codeOf(error))) throw new NoAnswer(ms);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * One of several questions.
 * @param until epoch milliseconds when whoever asks stops asking.
 * @throws NoAnswer, or the engine's own error.
 */
export function ask<T>(temporal: Client, until: number, call: () => Promise<T>): Promise<T> {
  return callWithin(temporal, Math.max(1, Math.min(ASK_MS, until - Date.now())), call);
}

/**
 * The one question of whoever waits until then.
 * @param until epoch milliseconds.
 * @throws NoAnswer, or the engine's own error.
 */
export function askUntil<T>(temporal: Client, until: number, call: () => Promise<T>): Promise<T> {
  return callWithin(temporal, Math.max(1, until - Date.now()), call);
}

export function isNotFound(error: unknown): boolean {
  return codeOf(error) === NOT_FOUND;
}

export function isUnimplemented(error: unknown): boolean {
  return codeOf(error) === UNIMPLEMENTED;
}

/** No answer came, so what was asked may have been done. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  return error instanceof NoAnswer || OUT_OF_TIME.has(code) || code === UNAVAILABLE;
}

/** Why a question has no answer, in words that hold no text of anybody's. */
export function whyNot(error: unknown): string {
  const code = codeOf(error);
  if (error instanceof NoAnswer || OUT_OF_TIME.has(code)) return 'the engine did not answer';
  if (code === UNAVAILABLE) return 'the engine cannot be reached';
  return code === null ? 'the answer could not be read' : `the engine answered gRPC code ${code}`;
}

/** gRPC status code of an error of the engine or of its cause; null for anything else. */
export function codeOf(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  const cause = error instanceof Error ? error.cause : null;
  return isGrpcServiceError(cause) ? cause.code : null;
}

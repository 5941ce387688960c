import type { Problem } from './api-types.ts';

/** A condition of a guard that does not hold. */
export type UnmetRequirement = NonNullable<Problem['unmet']>[number];

/** A field that breaks a rule. */
export type ProblemIssue = NonNullable<Problem['issues']>[number];

/** A problem, or what is known of an answer that is none. */
type ShownProblem = { status: number; code: string; detail: string } & Partial<
  Pick<Problem, 'unmet' | 'issues' | 'requestId' | 'commandId'>
>;

/** Baton answered no: the problem it gave, with every unmet requirement and every wrong field. */
export class BatonError extends Error {
  readonly status: number;
  /** Of the closed list in the API's documentation, or `unexpected_answer`. */
  readonly code: string;
  readonly detail: string;
  readonly unmet: readonly UnmetRequirement[];
  readonly issues: readonly ProblemIssue[];
  /** Names the request in Baton's log. */
  readonly requestId: string | null;
  /** The stored command, when it is one that was refused. */
  readonly commandId: string | null;

  constructor(problem: ShownProblem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.name = 'BatonError';
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.unmet = problem.unmet ?? [];
    this.issues = problem.issues ?? [];
    this.requestId = problem.requestId ?? null;
    this.commandId = problem.commandId ?? null;
  }

  /** Whether a requirement of this code is unmet. */
  lacks(code: string): boolean {
    return this.unmet.some((requirement) => requirement.code === code);
  }
}

/** Nobody answered. Whether a command was stored is unknown: repeat it with the same key. */
export class BatonUnreachableError extends Error {
  constructor(url: string, cause: unknown) {
    super(`Baton does not answer at ${new URL(url).origin}: ${reasonOf(cause)}`, { cause });
    this.name = 'BatonUnreachableError';
  }
}

/** A command is stored and will get its verdict, but not before the deadline of this call. */
export class BatonPendingError extends Error {
  readonly commandId: string;

  constructor(commandId: string, waitedMs: number) {
    super(`The command ${commandId} has no verdict after ${waitedMs} ms; it is stored and goes on`);
    this.name = 'BatonPendingError';
    this.commandId = commandId;
  }
}

/** What `fetch` says is `fetch failed`; the reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error.message;
}

import { ApplicationFailure, CompleteAsyncError } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { describeDatabaseError } from '../db/errors.ts';

type AnyActivity = (input: never) => Promise<unknown>;

/**
 * Failures travel into the engine's history, where nothing of the content belongs: a database error
 * quotes its parameters. Failures that an activity states itself pass; any other becomes one line of
 * class, code and root message, retried as before.
 */
export function withoutContent<T extends Record<string, AnyActivity>>(activities: T): T {
  const guarded = Object.entries(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      try {
        return await activity(input);
      } catch (error) {
        if (
          error instanceof ApplicationFailure ||
          error instanceof CompleteAsyncError ||
          error instanceof CancelledFailure
        ) {
          throw error;
        }
        throw ApplicationFailure.retryable(
          describeDatabaseError(error).slice(0, 500),
          'Unexpected',
        );
      }
    },
  ]);
  // Same names, same signatures: only what is thrown differs.
  return Object.fromEntries(guarded) as T;
}

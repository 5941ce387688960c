import { inWorkspace } from '../db/workspace-scope.ts';

interface OfWorkspace {
  workspaceId: string;
}

/** What an activity is asked says which workspace it is about, itself or in its order. */
type Question = OfWorkspace | { order: OfWorkspace };

type AnyActivity = (question: never) => Promise<unknown>;

/** Lets each activity see the workspace of its question and nothing else. */
export function withinWorkspace<T extends Record<string, AnyActivity>>(
  activities: T & { [K in keyof T]: Parameters<T[K]>[0] extends Question ? T[K] : never },
): T {
  const walled = Object.entries<AnyActivity>(activities).map(([name, activity]) => [
    name,
    (question: Question) => inWorkspace(workspaceOf(question), () => activity(question as never)),
  ]);
  // Same names, same signatures: only what their queries see differs.
  return Object.fromEntries(walled) as T;
}

function workspaceOf(question: Question): OfWorkspace {
  return 'order' in question ? question.order : question;
}

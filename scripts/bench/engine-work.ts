import type { Client } from '@temporalio/client';

/** What the engine does for one post from its due time on. */
export interface EngineWork {
  workflowTasks: number;
  activities: number;
  /** Runs started for it. */
  runs: number;
  events: number;
}

/** Events of a run that waits for its time; the work of its post is what comes after. */
const WAITING = { events: 5, workflowTasks: 1 };

/** Counts from the histories of a run and of every run that it started. */
export async function engineWorkOf(temporal: Client, workflowId: string): Promise<EngineWork> {
  const whole = await wholeWorkOf(temporal, workflowId);
  return {
    ...whole,
    events: whole.events - WAITING.events,
    workflowTasks: whole.workflowTasks - WAITING.workflowTasks,
  };
}

async function wholeWorkOf(temporal: Client, workflowId: string): Promise<EngineWork> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const all = events ?? [];
  const children = all.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => {
    const id = started?.workflowExecution?.workflowId;
    return typeof id === 'string' ? [id] : [];
  });
  const works = await Promise.all(children.map((id) => wholeWorkOf(temporal, id)));
  const own: EngineWork = {
    workflowTasks: all.filter((event) => event.workflowTaskCompletedEventAttributes).length,
    activities: all.filter((event) => event.activityTaskCompletedEventAttributes).length,
    runs: children.length,
    events: all.length,
  };
  return works.reduce(
    (sum, work) => ({
      workflowTasks: sum.workflowTasks + work.workflowTasks,
      activities: sum.activities + work.activities,
      runs: sum.runs + work.runs,
      events: sum.events + work.events,
    }),
    own,
  );
}

import type { Client } from '@temporalio/client';
import { ASK_MS, ask, codeOf, NoAnswer, OPERATOR_MS, whyNot } from '../engine/ask.ts';
import { stateQuery } from '../workflows/messages.ts';
import { hasWorkers } from './build-workers.ts';
import type { OpenItem } from './open-items.ts';
import type { ReleaseDeps } from './release-deps.ts';

/** An item that is still on an earlier build, and why. */
export interface Blocker {
  itemId: string;
  buildId: string | null;
  why: string;
}

/** Runs that are asked why they stay. */
const ASKED = 20;
/** gRPC status code of a question to a queue that nobody polls. */
const FAILED_PRECONDITION = 9;
const NOBODY = 'no worker of its build answers';
const ID_PREFIX = 'item:';

/** Why the first of some items do not move. Never rejects: what was moved is told in any case. */
export async function findBlockers(
  deps: ReleaseDeps,
  items: readonly OpenItem[],
): Promise<Blocker[]> {
  const blockers = await Promise.all(
    items.slice(0, ASKED).map(async ({ workflowId, buildId }) => ({
      itemId: workflowId.replace(ID_PREFIX, ''),
      buildId,
      ...(await whyItStays(deps.temporal, workflowId)),
    })),
  );
  const silent = blockers.filter(({ answers }) => !answers);
  const deserted = await desertedBuilds(deps, new Set(silent.map(({ buildId }) => buildId)));
  return blockers.map(({ itemId, buildId, answers, why }) => ({
    itemId,
    buildId,
    // How a question fails that nobody takes depends on the instant at which its worker went.
    why: !answers && deserted.has(buildId) ? NOBODY : why,
  }));
}

async function desertedBuilds(
  deps: ReleaseDeps,
  builds: ReadonlySet<string | null>,
): Promise<ReadonlySet<string | null>> {
  const until = Date.now() + OPERATOR_MS;
  const deserted = new Set<string | null>();
  for (const buildId of builds) {
    const mayHaveWorkers = buildId === null || hasWorkers(deps, buildId, until).catch(() => true);
    if (!(await mayHaveWorkers)) deserted.add(buildId);
  }
  return deserted;
}

async function whyItStays(
  temporal: Client,
  workflowId: string,
): Promise<{ answers: boolean; why: string }> {
  try {
    const { work } = await ask(temporal, Date.now() + ASK_MS, () =>
      temporal.workflow.getHandle(workflowId).query(stateQuery),
    );
    const why = work.length > 0 ? `it is busy: ${work.join(', ')}` : 'it was not asked to move yet';
    return { answers: true, why };
  } catch (error) {
    const isAlone = error instanceof NoAnswer || codeOf(error) === FAILED_PRECONDITION;
    return { answers: false, why: isAlone ? NOBODY : `it cannot be asked: ${whyNot(error)}` };
  }
}

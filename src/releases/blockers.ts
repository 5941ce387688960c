import type { Client } from '@temporalio/client';
import { ASK_MS, ask, codeOf, NoAnswer } from '../engine/ask.ts';
import { stateQuery } from '../workflows/messages.ts';
import type { OpenItem } from './open-items.ts';

/** An item that is still on an earlier build, and why. */
export interface Blocker {
  itemId: string;
  buildId: string | null;
  why: string;
}

/** Runs that are asked why they stay. */
const ASKED = 20;
/** gRPC status codes of a question that waited in vain, and of one to a queue that nobody polls. */
const NOBODY_ANSWERS: ReadonlySet<number | null> = new Set([4, 9]);
const ID_PREFIX = 'item:';

/** Why the first of some items do not move. Never rejects. */
export function findBlockers(temporal: Client, items: readonly OpenItem[]): Promise<Blocker[]> {
  return Promise.all(
    items.slice(0, ASKED).map(async ({ workflowId, buildId }) => ({
      itemId: workflowId.replace(ID_PREFIX, ''),
      buildId,
      why: await whyItStays(temporal, workflowId),
    })),
  );
}

async function whyItStays(temporal: Client, workflowId: string): Promise<string> {
  try {
    const { work } = await ask(temporal, Date.now() + ASK_MS, () =>
      temporal.workflow.getHandle(workflowId).query(stateQuery),
    );
    return work.length > 0 ? `it is busy: ${work.join(', ')}` : 'it was not asked to move yet';
  } catch (error) {
    const isAlone = error instanceof NoAnswer || NOBODY_ANSWERS.has(codeOf(error));
    return isAlone ? 'no worker of its build answers' : 'it cannot be asked';
  }
}

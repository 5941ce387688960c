import { Client, Connection } from '@temporalio/client';
import { readChain } from '../../../src/db/item/item-events.ts';
import { itemWorkflowId } from '../../../src/domain/ids.ts';
import { verifyChain } from '../../../src/domain/item/event.ts';
import { FINAL_STAGES } from '../../../src/domain/item/stages.ts';
import { stateQuery } from '../../../src/workflows/messages.ts';
import type { Site } from '../site.ts';
import { within } from '../time.ts';

const SETTLE_MS = 20_000;
const ASK_MS = 3_000;

/** What is wrong between an item's table rows and its run; a row may be a moment behind. */
export async function divergencesOf(
  { stack, database, workspaceId }: Pick<Site, 'stack' | 'database' | 'workspaceId'>,
  itemIds: readonly string[],
): Promise<{ diverged: string[]; broken: string[] }> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  const temporal = new Client({ connection });
  const diverged: string[] = [];
  const broken: string[] = [];
  async function faultOf(itemId: string): Promise<string | null> {
    const chain = await readChain(database.db, { workspaceId, itemId });
    const head = chain.at(-1);
    const { rows } = await database.pool.query<{ seq: number; stage: string }>(
      'select seq, stage from items where id = $1',
      [itemId],
    );
    const [row] = rows;
    if (row === undefined || head === undefined) return 'it has no row or no event';
    if (row.seq !== head.seq) return `its row is at ${row.seq}, its chain at ${head.seq}`;
    if (FINAL_STAGES.some((stage) => stage === row.stage)) return null;
    try {
      const state = await connection.withDeadline(Date.now() + ASK_MS, () =>
        temporal.workflow.getHandle(itemWorkflowId(itemId)).query(stateQuery),
      );
      if (state.seq === head.seq && state.headHash === head.hash) return null;
      return `its row is at ${head.seq} ${head.hash.slice(0, 8)}, its run at ${state.seq} ${state.headHash.slice(0, 8)}`;
    } catch (error) {
      return `its run does not answer: ${error instanceof Error ? error.message : error}`;
    }
  }
  try {
    const until = Date.now() + SETTLE_MS;
    for (const itemId of itemIds) {
      let fault: string | null = null;
      await within(Math.max(0, until - Date.now()), async () => {
        fault = await faultOf(itemId);
        return fault === null ? true : null;
      });
      if (fault !== null) diverged.push(`${itemId}: ${fault}`);
      const chain = await readChain(database.db, { workspaceId, itemId });
      const chainFault = verifyChain(chain);
      if (chainFault !== null) broken.push(`${itemId}: ${chainFault.code} at ${chainFault.seq}`);
    }
  } finally {
    await connection.close();
  }
  return { diverged, broken };
}

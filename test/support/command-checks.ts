import { eq } from 'drizzle-orm';
import type { Db } from '../../src/db/client.ts';
import { type CommandRow, verdictOf } from '../../src/db/item/commands.ts';
import { readChain } from '../../src/db/item/item-events.ts';
import { commands, items } from '../../src/db/schema/index.ts';
import { verifyChain } from '../../src/domain/item/event.ts';

/**
 * What must hold of a workspace however its processes died: one verdict per command, each applied
 * command in its item's chain once and no refused one, every chain whole and equal to its row.
 * @returns a line per fault; empty when all holds.
 */
export async function findFaults(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<string[]> {
  const rows = await db.select().from(items).where(eq(items.workspaceId, workspaceId));
  const faults: string[] = [];
  const applications = new Map<string, number>();
  for (const { id: itemId, seq, headHash } of rows) {
    const chain = await readChain(db, { workspaceId, itemId });
    const fault = verifyChain(chain);
    if (fault !== null) faults.push(`${itemId}: ${fault.code} at ${fault.seq}`);
    const last = chain.at(-1);
    if (last?.seq !== seq) faults.push(`${itemId}: row at ${seq}, chain at ${last?.seq}`);
    if (last?.hash !== headHash) faults.push(`${itemId}: the row has another hash than its chain`);
    for (const { commandId } of chain) {
      if (commandId === null) continue;
      applications.set(commandId, (applications.get(commandId) ?? 0) + 1);
    }
  }
  const stored = await db.select().from(commands).where(eq(commands.workspaceId, workspaceId));
  for (const row of stored) {
    faults.push(...faultsOf(row, applications.get(row.id) ?? 0));
    applications.delete(row.id);
  }
  for (const id of applications.keys()) faults.push(`${id}: applied without a row`);
  return faults;
}

function faultsOf(row: CommandRow, applied: number): string[] {
  const { id, type, appliedSeq, errorCount, lastError } = row;
  const verdict = verdictOf(row);
  const about = `${id} (${type})`;
  if (verdict === null) return [`${about}: no verdict after ${errorCount} errors: ${lastError}`];
  if (verdict.state !== 'applied') {
    return applied > 0 || appliedSeq !== null ? [`${about}: refused and applied`] : [];
  }
  return applied === 1 ? [] : [`${about}: applied, and ${applied} times in the chain`];
}

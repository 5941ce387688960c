import type { Finding } from '../../../src/domain/audit/finding.ts';
import type { FindingCode } from '../../../src/domain/audit/finding-catalogue.ts';
import type { Site } from '../site.ts';
import { within } from '../time.ts';

const PENDING = "select id, item_id from commands where item_id = any($1) and state = 'pending'";

/**
 * What the stuck audit finds of these items, and commands that have no verdict. What it could not ask is
 * left to `divergencesOf`, which asks each run: other lines kill workers in the same workspace.
 */
export async function stuckFaultsOf(
  { people, database }: Pick<Site, 'people' | 'database'>,
  itemIds: readonly string[],
  { withinMs, except = [] }: { withinMs: number; except?: readonly FindingCode[] },
): Promise<string[]> {
  const own = new Set(itemIds);
  let faults: string[] = [];
  await within(withinMs, async () => {
    faults = [];
    const { rows } = await database.pool.query<{ id: string; item_id: string }>(PENDING, [itemIds]);
    faults.push(...rows.map(({ id, item_id }) => `${item_id}: ${id} has no verdict`));
    let cursor = '';
    do {
      const page = await people.ask<Page>(
        'strategist',
        'GET',
        `/v1/audit/stuck?limit=200${cursor}`,
      );
      for (const { itemId = '', code, message } of page.items) {
        if (own.has(itemId) && !except.includes(code))
          faults.push(`${itemId}: ${code}: ${message}`);
      }
      cursor = page.nextCursor === null ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor !== '');
    return faults.length === 0 ? true : null;
  });
  return faults;
}

interface Page {
  items: Finding[];
  nextCursor: string | null;
}

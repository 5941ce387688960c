import type { Finding } from '../../../src/domain/audit/finding.ts';
import type { Site } from '../site.ts';
import { within } from '../time.ts';

const PENDING = "select id, item_id from commands where item_id = any($1) and state = 'pending'";

/** What the stuck audit finds of these items or of the engine, and commands that have no verdict. */
export async function stuckFaultsOf(
  { people, database }: Pick<Site, 'people' | 'database'>,
  itemIds: readonly string[],
  { withinMs }: { withinMs: number },
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
      faults.push(
        ...page.items
          .filter(({ itemId }) => itemId === undefined || own.has(itemId))
          .map(({ itemId, code, message }) => `${itemId ?? 'engine'}: ${code}: ${message}`),
        ...page.couldNotAsk.map(({ what, why }) => `could not ask ${what}: ${why}`),
      );
      cursor = page.nextCursor === null ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor !== '');
    return faults.length === 0 ? true : null;
  });
  return faults;
}

interface Page {
  items: Finding[];
  nextCursor: string | null;
  couldNotAsk: { what: string; why: string }[];
}

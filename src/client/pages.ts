/** A page of a list, as every list of the API answers. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * Every entry of a list, page by page, in its order.
 *
 * @example for await (const entry of allOf((cursor) => client.items.timeline(id, { cursor }))) …
 */
export async function* allOf<T>(
  page: (cursor: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await page(cursor);
    yield* items;
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/**
 * Every entry of a list at once, asked in pages as long as they may be.
 *
 * @example const members = await wholeList((query) => client.members.list(query));
 */
export async function wholeList<T>(
  page: (query: { limit: string; cursor?: string | undefined }) => Promise<Page<T>>,
): Promise<T[]> {
  const entries: T[] = [];
  const pages = allOf((cursor) => page({ limit: '200', cursor }));
  for await (const entry of pages) entries.push(entry);
  return entries;
}

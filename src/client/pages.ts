/** A page of a list, as every list of the API answers. */
export type Page<T> = { items: T[]; nextCursor: string | null };

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

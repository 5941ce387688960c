/** Asks under a workspace's id. */
export type Read = (workspaceId: string) => Promise<unknown>;

/** Reads as they are tried on what is not one's own. */
export function attemptsOf(
  reads: Readonly<Record<string, Read>>,
  { workspaceId }: { workspaceId: string },
): Record<string, () => Promise<unknown>> {
  return Object.fromEntries(
    Object.entries(reads).map(([name, read]) => [name, () => read(workspaceId)]),
  );
}

/** Null, false, nothing, an empty list or an empty page. */
export function isNothing(result: unknown): boolean {
  if (result === null || result === undefined || result === false) return true;
  if (Array.isArray(result)) return result.length === 0;
  if (typeof result === 'object' && 'items' in result) return isNothing(result.items);
  return false;
}

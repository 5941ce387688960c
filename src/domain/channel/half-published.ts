/** What a person reads of a thread that stopped on its way. Workflows say it too, and need no more of it. */
export function halfPublished(
  { published, of }: { published: number; of: number },
  why: string,
): string {
  return `${published} of ${of} texts are published; ${why}`;
}

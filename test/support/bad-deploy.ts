/** Workflows of a bad deploy: their tasks fail again and again. */
export async function contentItem(): Promise<void> {
  throw new TypeError('a bad deploy');
}

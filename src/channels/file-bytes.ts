import { createHash } from 'node:crypto';
import type { PostMedia } from './channel.ts';

/** The whole file; null when it cannot be read, or is not the one that was approved. */
export async function bytesOf({
  hash,
  size,
  open,
}: Pick<PostMedia, 'hash' | 'size' | 'open'>): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(size);
  let at = 0;
  try {
    for await (const chunk of await open()) {
      const part: Uint8Array = Buffer.from(chunk);
      if (at + part.length > bytes.length) return null;
      bytes.set(part, at);
      at += part.length;
    }
  } catch {
    return null;
  }
  const isWhole = at === bytes.length;
  return isWhole && createHash('sha256').update(bytes).digest('hex') === hash ? bytes : null;
}

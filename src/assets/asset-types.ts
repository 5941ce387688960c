import { fileTypeFromBuffer } from 'file-type';
import type { AssetKind } from '../domain/asset-kinds.ts';

const MB = 1_000_000;

/** Largest file of a kind, in bytes. */
export const ASSET_MAX_BYTES = {
  written: 20 * MB,
  visual: 20 * MB,
  audio: 200 * MB,
  video: 512 * MB,
} as const satisfies Record<AssetKind, number>;

/**
 * Media types of a kind. Formats that can carry a script (SVG, HTML) are not among them: a written text is
 * stored as plain text whatever it holds.
 */
const MEDIA_TYPES = {
  written: new Set([
    'application/pdf',
    'application/rtf',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.oasis.opendocument.text',
    'application/epub+zip',
  ]),
  visual: new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']),
  audio: new Set([
    'audio/mpeg',
    'audio/x-m4a',
    'audio/aac',
    'audio/ogg',
    'audio/flac',
    'audio/wav',
  ]),
  video: new Set(['video/mp4', 'video/quicktime', 'video/webm']),
} as const satisfies Record<AssetKind, ReadonlySet<string>>;

const PLAIN_TEXT = 'text/plain';

/** Enough for every signature, and a bound on what a hostile file can make the sniffer read. */
export const SNIFFED_BYTES = 65_536;

export type SniffedType =
  | { mediaType: string; allowed: boolean }
  /** No known signature: plain text if the whole file turns out to be text. */
  | { mediaType: null; allowed: boolean };

/**
 * The media type that a file's first bytes show, and whether its kind takes it. Names and declared types are
 * never asked.
 * @param head the file, or its first `SNIFFED_BYTES`
 */
export async function sniffType(head: Uint8Array, kind: AssetKind): Promise<SniffedType> {
  const found = (await fileTypeFromBuffer(head))?.mime.split(';')[0];
  // A text may open as a video does ("....ftypmp42"). No picture, sound or video is all text.
  if (kind !== 'written' && isText(head)) return { mediaType: PLAIN_TEXT, allowed: false };
  if (found !== undefined && MEDIA_TYPES[kind].has(found)) {
    return { mediaType: found, allowed: true };
  }
  // Short signatures also fit prose ("BM" opens a bitmap): the text check decides.
  if (kind === 'written') return { mediaType: null, allowed: true };
  return { mediaType: found ?? null, allowed: false };
}

/** Decides, chunk by chunk, whether a file is text: UTF-8 without control characters. */
export function createTextCheck(): { add(chunk: Uint8Array): void; mediaType(): string | null } {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let isText = true;
  function decode(chunk?: Uint8Array): void {
    if (!isText) return;
    try {
      isText = !hasControls(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch {
      isText = false;
    }
  }
  return {
    add: decode,
    mediaType() {
      decode();
      return isText ? PLAIN_TEXT : null;
    },
  };
}

/** Whether the first bytes of a file are text; a character cut at their end is none against it. */
function isText(head: Uint8Array): boolean {
  const check = createTextCheck();
  const whole = head.length === SNIFFED_BYTES ? head.subarray(0, lastCharacter(head)) : head;
  check.add(whole);
  return check.mediaType() !== null;
}

/** Where the last character of UTF-8 begins. */
function lastCharacter(bytes: Uint8Array): number {
  const at = bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  return Math.max(0, at);
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0c && code !== 0x0d)
      return true;
  }
  return false;
}

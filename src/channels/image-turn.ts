/** EXIF, TIFF 6.0: tag 0x0112 of the first directory. From 5 on, what is stored as width is shown as height. */
const ORIENTATION_TAG = 0x0112;
const FIRST_ON_ITS_SIDE = 5;
const LAST_ON_ITS_SIDE = 8;

/** Whether an image is shown on its side: by its EXIF data (JPEG, PNG, WebP), an AVIF by a box of its own. */
export function isOnItsSide(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (hasText(view, 4, 'ftyp')) return isTurnedByBox(view);
  const tiff = tiffInJpeg(view) ?? tiffInPng(view) ?? tiffInWebp(view);
  const orientation = tiff === null ? null : orientationIn(tiff);
  return (
    orientation !== null && orientation >= FIRST_ON_ITS_SIDE && orientation <= LAST_ON_ITS_SIDE
  );
}

/** The part of a file between two places, as far as the file goes. */
function part(view: DataView, start: number, length: number): DataView {
  const from = Math.min(start, view.byteLength);
  const size = Math.max(0, Math.min(length, view.byteLength - from));
  return new DataView(view.buffer, view.byteOffset + from, size);
}

function hasText(view: DataView, at: number, text: string): boolean {
  if (at + text.length > view.byteLength) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (view.getUint8(at + index) !== text.charCodeAt(index)) return false;
  }
  return true;
}

const EXIF = 'Exif\0\0';

/** Segments up to the pixels; the first one with EXIF data counts. */
function tiffInJpeg(view: DataView): DataView | null {
  if (!hasText(view, 0, '\xff\xd8\xff')) return null;
  for (let at = 2; at + 4 <= view.byteLength; ) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return null;
    const length = view.getUint16(at + 2);
    if (marker === 0xe1 && hasText(view, at + 4, EXIF)) {
      return part(view, at + 4 + EXIF.length, length - 2 - EXIF.length);
    }
    at += 2 + Math.max(length, 2);
  }
  return null;
}

function tiffInPng(view: DataView): DataView | null {
  if (!hasText(view, 0, '\x89PNG\r\n\x1a\n')) return null;
  for (let at = 8; at + 8 <= view.byteLength; at += 12 + view.getUint32(at)) {
    if (hasText(view, at + 4, 'eXIf')) return part(view, at + 8, view.getUint32(at));
  }
  return null;
}

/** Chunks begin at even places. Some programs write JPEG's mark before the data. */
function tiffInWebp(view: DataView): DataView | null {
  if (!hasText(view, 0, 'RIFF') || !hasText(view, 8, 'WEBPVP8X')) return null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (hasText(view, at, 'EXIF')) {
      const skipped = hasText(view, at + 8, EXIF) ? EXIF.length : 0;
      return part(view, at + 8 + skipped, size - skipped);
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

/** `irot` (ISO 23008-12, 6.5.10): quarter turns in the last two bits. */
function isTurnedByBox(view: DataView): boolean {
  const properties = ['iprp', 'ipco', 'irot'];
  let box = boxIn(view, 'meta');
  // `meta` has a version and flags before its boxes.
  if (box !== null) box = part(box, 4, box.byteLength);
  for (const name of properties) box = box === null ? null : boxIn(box, name);
  return box !== null && box.byteLength > 0 && box.getUint8(0) % 2 === 1;
}

function boxIn(view: DataView, name: string): DataView | null {
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at);
    if (hasText(view, at + 4, name)) return part(view, at + 8, size - 8);
    // Sizes of 0 and 1 have other meanings, which no box before these has.
    if (size < 8) return null;
    at += size;
  }
  return null;
}

function orientationIn(tiff: DataView): number | null {
  const isLittle = hasText(tiff, 0, 'II*\0');
  if (!isLittle && !hasText(tiff, 0, 'MM\0*')) return null;
  if (tiff.byteLength < 8) return null;
  const directory = tiff.getUint32(4, isLittle);
  if (directory + 2 > tiff.byteLength) return null;
  const count = tiff.getUint16(directory, isLittle);
  for (let index = 0; index < count; index += 1) {
    const entry = directory + 2 + 12 * index;
    if (entry + 12 > tiff.byteLength) return null;
    if (tiff.getUint16(entry, isLittle) === ORIENTATION_TAG) {
      return tiff.getUint16(entry + 8, isLittle);
    }
  }
  return null;
}

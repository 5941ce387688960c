/** Width and height of an image, in pixels. */
export interface ImageShape {
  width: number;
  height: number;
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
/** Frame headers of JPEG; those between are tables. */
const JPEG_FRAMES = new Set([
  0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf,
]);

/** The shape that a PNG, GIF or JPEG states in its first bytes; null for anything else. */
export function imageShapeOf(bytes: Uint8Array): ImageShape | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = pngShape(file) ?? gifShape(file) ?? jpegShape(file);
  return shape !== null && shape.width > 0 && shape.height > 0 ? shape : null;
}

function pngShape(file: Buffer): ImageShape | null {
  if (file.length < 24 || !file.subarray(0, 8).equals(PNG)) return null;
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
}

function gifShape(file: Buffer): ImageShape | null {
  if (file.length < 10 || !/^GIF8[79]a$/.test(file.toString('latin1', 0, 6))) return null;
  return { width: file.readUInt16LE(6), height: file.readUInt16LE(8) };
}

/** Walks the segments up to the frame header. A photo turned by its EXIF data is shown by it: not read here. */
function jpegShape(file: Buffer): ImageShape | null {
  if (file.length < 4 || file.readUInt16BE(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 9 <= file.length && file[at] === 0xff) {
    const marker = file[at + 1] ?? 0;
    if (JPEG_FRAMES.has(marker)) {
      return { height: file.readUInt16BE(at + 5), width: file.readUInt16BE(at + 7) };
    }
    at += 2 + file.readUInt16BE(at + 2);
  }
  return null;
}

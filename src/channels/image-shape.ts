import { imageDimensionsFromData } from 'image-dimensions';
import { isOnItsSide } from './image-turn.ts';

/** Width and height of an image as it is shown, in pixels. */
export interface ImageShape {
  width: number;
  height: number;
}

/** The header of an image with large colour profiles and previews ends before; it bounds what is read. */
const HEADER_BYTES = 1_048_576;

/**
 * The shape that an image states in its first bytes: PNG, GIF, JPEG, WebP, AVIF; null for anything else. A photo
 * that its EXIF data turn on its side has the shape that is shown.
 */
export function imageShapeOf(bytes: Uint8Array): ImageShape | null {
  const shape = dimensionsOf(bytes.subarray(0, HEADER_BYTES));
  if (shape === undefined || shape.width === 0 || shape.height === 0) return null;
  const { width, height } = shape;
  return isOnItsSide(bytes) ? { width: height, height: width } : { width, height };
}

/** A table of a hundred thousand properties, as only a hostile file has, overflows the reader's stack. */
function dimensionsOf(header: Uint8Array): ImageShape | undefined {
  try {
    return imageDimensionsFromData(header);
  } catch {
    return undefined;
  }
}

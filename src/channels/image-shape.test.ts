import { describe, expect, it } from 'vitest';
import { imageShapeOf } from './image-shape.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000280000001e00806000000', 'hex');
const gif = Buffer.from('47494638396180020f00', 'hex');
/** A JFIF segment of 16 bytes, then a progressive frame of 480 × 640. */
const jpeg = Buffer.concat([
  Buffer.from('ffd8ffe00010', 'hex'),
  Buffer.alloc(14),
  Buffer.from('ffc20011080280', 'hex'),
  Buffer.from('01e003', 'hex'),
]);

describe('the shape of an image', () => {
  it.each([
    ['PNG', png, { width: 640, height: 480 }],
    ['GIF', gif, { width: 640, height: 15 }],
    ['JPEG', jpeg, { width: 480, height: 640 }],
    ['a cut PNG', png.subarray(0, 20), null],
    ['a cut JPEG', jpeg.subarray(0, 24), null],
    [
      'a JPEG whose segment says it is empty',
      Buffer.from('ffd8ffe0000000000000000000', 'hex'),
      null,
    ],
    ['nothing', Buffer.alloc(0), null],
    ['text', Buffer.from('hello, this is no image at all'), null],
  ])('of %s', (_, bytes, shape) => {
    expect(imageShapeOf(bytes)).toEqual(shape);
  });
});

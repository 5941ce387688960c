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
const webp = Buffer.from('524946461e000000574542505650384c050000002f7fc2770000', 'hex');

function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** One image of 640 × 480, whose properties are associated with it by `associations`. */
function avif(associations: Buffer): Buffer {
  const ispe = box('ispe', Buffer.from('0000000000000280000001e0', 'hex'));
  const properties = box('iprp', box('ipco', ispe), box('ipma', associations));
  const item = box('pitm', Buffer.from('000000000001', 'hex'));
  const meta = box('meta', Buffer.alloc(4), item, properties);
  return Buffer.concat([box('ftyp', Buffer.from('avif\0\0\0\0avif', 'latin1')), meta]);
}

const hostile = Buffer.alloc(8 + 3 * 300_000);
hostile.writeUInt32BE(300_000, 4);

describe('the shape of an image', () => {
  it.each([
    ['PNG', png, { width: 640, height: 480 }],
    ['GIF', gif, { width: 640, height: 15 }],
    ['JPEG', jpeg, { width: 480, height: 640 }],
    ['WebP', webp, { width: 640, height: 480 }],
    [
      'AVIF',
      avif(Buffer.from('00000000000000010001' + '0101', 'hex')),
      { width: 640, height: 480 },
    ],
    ['an AVIF with a table to choke on', avif(hostile), null],
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

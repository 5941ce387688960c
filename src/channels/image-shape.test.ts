import fc from 'fast-check';
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

/** An EXIF block (TIFF) whose first directory has an orientation behind another entry. */
function exif(orientation: number, { isLittle = false } = {}): Buffer {
  const tiff = Buffer.alloc(8 + 2 + 2 * 12 + 4);
  const write16 = (value: number, at: number) =>
    isLittle ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const write32 = (value: number, at: number) =>
    isLittle ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at);
  tiff.write(isLittle ? 'II' : 'MM', 'latin1');
  write16(42, 2);
  write32(8, 4);
  write16(2, 8);
  for (const [index, [tag, value]] of [
    [0x0100, 3],
    [0x0112, orientation],
  ].entries() as ArrayIterator<[number, [number, number]]>) {
    const entry = 10 + 12 * index;
    write16(tag, entry);
    write16(3, entry + 2);
    write32(1, entry + 4);
    write16(value, entry + 8);
  }
  return tiff;
}

const MARK = Buffer.from('Exif\0\0', 'latin1');

/** A photo that is stored as 640 × 480. */
function photo(tiff: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(2 + MARK.length + tiff.length);
  const app0 = Buffer.concat([Buffer.from('ffe00010', 'hex'), Buffer.alloc(14)]);
  const app1 = Buffer.concat([Buffer.from('ffe1', 'hex'), length, MARK, tiff]);
  const frame = Buffer.from('ffc00011' + '08' + '01e0' + '0280' + '03', 'hex');
  return Buffer.concat([Buffer.from('ffd8', 'hex'), app0, app1, frame]);
}

function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function riff(...chunks: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks]);
  return Buffer.concat([chunk('RIFF', body)]);
}

/** Flags, then width and height less one, in 24 bits each. */
const VP8X = chunk('VP8X', Buffer.from('08000000' + '7f0200' + 'df0100', 'hex'));
/** Frame tag, start code, width and height; the upper two bits scale. */
const VP8 = chunk('VP8 ', Buffer.from('000000' + '9d012a' + '8042' + 'e041' + '0000', 'hex'));
const VP8L = chunk('VP8L', Buffer.from('2f' + '7fc27700' + '00', 'hex'));

function pngWith(tiff: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(tiff.length);
  const checksum = Buffer.alloc(4);
  return Buffer.concat([
    png.subarray(0, 26),
    Buffer.alloc(3),
    checksum,
    length,
    Buffer.from('eXIf', 'latin1'),
    tiff,
    checksum,
  ]);
}

function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** One image of 640 × 480, whose properties are associated with it by `associations`. */
function avif(associations: Buffer, ...more: Buffer[]): Buffer {
  const ispe = box('ispe', Buffer.from('0000000000000280000001e0', 'hex'));
  const properties = box('iprp', box('ipco', ispe, ...more), box('ipma', associations));
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

const LYING = { width: 640, height: 480 };
const UPRIGHT = { width: 480, height: 640 };
const ONE_ITEM = Buffer.from('00000000000000010001' + '0101', 'hex');

describe('a photo that is shown turned', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('by EXIF orientation %i', (orientation) => {
    const shape = orientation < 5 ? LYING : UPRIGHT;
    expect(imageShapeOf(photo(exif(orientation)))).toEqual(shape);
    expect(imageShapeOf(photo(exif(orientation, { isLittle: true })))).toEqual(shape);
    expect(imageShapeOf(riff(VP8X, VP8, chunk('EXIF', exif(orientation))))).toEqual(shape);
    const marked = chunk('EXIF', Buffer.concat([MARK, exif(orientation)]));
    expect(imageShapeOf(riff(VP8X, VP8L, marked))).toEqual(shape);
    expect(imageShapeOf(pngWith(exif(orientation)))).toEqual(shape);
  });

  it.each([0, 1, 2, 3])('by %i quarter turns of an AVIF', (turns) => {
    const shape = turns % 2 === 0 ? LYING : UPRIGHT;
    expect(imageShapeOf(avif(ONE_ITEM, box('irot', Buffer.from([turns]))))).toEqual(shape);
  });

  it.each([
    ['no orientation', photo(exif(0))],
    ['an orientation that is none', photo(exif(9))],
    ['a block that ends early', photo(exif(6).subarray(0, 12))],
    ['no TIFF', photo(Buffer.from('hello, this is none'))],
    ['an empty block', photo(Buffer.alloc(0))],
  ])('not by %s', (_, bytes) => {
    expect(imageShapeOf(bytes)).toEqual(LYING);
  });

  it('a view of a larger buffer is read where it begins', () => {
    const bytes = photo(exif(6));
    const larger = Buffer.concat([Buffer.alloc(3), bytes]);
    expect(imageShapeOf(larger.subarray(3))).toEqual(UPRIGHT);
  });

  it('whatever the bytes, a shape or none comes back soon', () => {
    const heads = [photo(exif(6)), riff(VP8X), png, avif(ONE_ITEM)].map((one) =>
      one.subarray(0, 24),
    );
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), (head, rest) => {
        const shape = imageShapeOf(Buffer.concat([head, rest]));
        if (shape !== null) expect(Math.min(shape.width, shape.height)).toBeGreaterThan(0);
      }),
    );
    const empty = Buffer.concat([riff(VP8X), Buffer.alloc(2_000_000)]);
    expect(imageShapeOf(empty)).toEqual(LYING);
  });
});

describe('WebP in its three forms', () => {
  it.each([
    ['VP8', riff(VP8)],
    ['VP8L', riff(VP8L)],
    ['VP8X', riff(VP8X, VP8)],
  ])('%s', (_, bytes) => {
    expect(imageShapeOf(bytes)).toEqual(LYING);
    expect(imageShapeOf(bytes.subarray(0, 24))).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import {
  continueThread,
  followContent,
  newSegments,
  type SegmentContent,
  withSegment,
} from './publish-segments.ts';

const PICTURE = { hash: 'a'.repeat(64), altText: 'A loaf' };
const FIRST: SegmentContent = { text: 'one', link: 'https://example.org/', media: [PICTURE] };
const SECOND: SegmentContent = { text: 'two' };

const CHANGES: [what: string, change: SegmentContent][] = [
  ['text', { ...FIRST, text: 'One' }],
  ['link', { ...FIRST, link: 'https://example.org/other' }],
  ['file', { ...FIRST, media: [{ ...PICTURE, hash: 'b'.repeat(64) }] }],
  ['description', { ...FIRST, media: [{ ...PICTURE, altText: 'Two loaves' }] }],
];

/** The first text is out, the second is not. */
function halfPublished() {
  const published = { state: 'published', remoteId: 'r1' } as const;
  return withSegment(newSegments('key', [FIRST, SECOND]), 0, published);
}

describe('a thread that is published again', () => {
  it('goes on at its first missing text', () => {
    const fresh = newSegments('again', [FIRST, { text: 'another two' }]);
    const [first, second] = continueThread(halfPublished(), fresh);
    expect(first).toMatchObject({ state: 'published', remoteId: 'r1' });
    expect(second).toEqual(fresh[1]);
  });

  it.each(CHANGES)('starts anew when the %s of what is out has changed', (_, change) => {
    const fresh = newSegments('again', [change, SECOND]);
    expect(continueThread(halfPublished(), fresh)).toEqual(fresh);
  });
});

describe('a text that is sent with the address of its publication', () => {
  const written = { text: 'see https://ex.org/', link: 'https://ex.org/' };
  const sentAs = (address: string): SegmentContent[] => [
    { text: `see ${address}`, link: address, written },
    SECOND,
  ];

  it('is the same text under another publication: its thread goes on', () => {
    const published = { state: 'published', remoteId: 'r1' } as const;
    const stopped = withSegment(newSegments('key', sentAs('https://s.io/r/1')), 0, published);
    const fresh = newSegments('again', sentAs('https://s.io/r/2'));
    expect(continueThread(stopped, fresh)[0]).toMatchObject({ remoteId: 'r1' });
    const other = { ...written, link: 'https://ex.org/other' };
    const changed = [{ ...FIRST, written: other }, SECOND];
    expect(continueThread(stopped, newSegments('again', changed))[0]).not.toHaveProperty(
      'remoteId',
      'r1',
    );
  });
});

describe('a text that was tried', () => {
  it('stays as it was while what is sent after it follows the content', () => {
    const fresh = newSegments('key', [FIRST, { text: 'another two' }]);
    expect(followContent(halfPublished(), fresh)?.map(({ state }) => state)).toEqual([
      'published',
      'waiting',
    ]);
  });

  it.each(CHANGES)('is another post when its %s is another one', (_, change) => {
    expect(followContent(halfPublished(), newSegments('key', [change, SECOND]))).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import type { Draft } from '../../domain/item/content/draft.ts';
import { draftChanges } from './difference.ts';

const draft = (change: Partial<Draft> = {}): Draft => ({
  language: 'en',
  title: 'A title',
  body: 'One two three.',
  assets: [],
  variants: [{ channel: 'sandbox', text: 'Read it' }],
  contributors: [],
  ...change,
});

describe('what changed between two drafts', () => {
  it('is told word by word, and only of the texts that differ', () => {
    const now = draft({ body: 'One 2 three.' });
    expect(draftChanges({ now, before: draft() })).toEqual([
      {
        of: 'body',
        parts: [
          { text: 'One ', change: 'none' },
          { text: 'two', change: 'removed' },
          { text: '2', change: 'added' },
          { text: ' three.', change: 'none' },
        ],
      },
    ]);
    expect(draftChanges({ now, before: now })).toEqual([]);
  });

  it('names a post that came and one that went', () => {
    const now = draft({ variants: [{ channel: 'mastodon', text: 'Toot', thread: ['more'] }] });
    const changes = draftChanges({ now, before: draft() });
    expect(changes).toEqual([
      { of: 'sandbox', parts: [{ text: 'Read it', change: 'removed' }] },
      { of: 'mastodon', parts: [{ text: 'Toot\n\nmore', change: 'added' }] },
    ]);
  });

  it('gives up on texts that have nothing in common, instead of taking for ever', () => {
    const words = (from: number) =>
      Array.from({ length: 30_000 }, (_, index) => `w${from + index}`).join('\n');
    const changes = draftChanges({
      now: draft({ body: words(0) }),
      before: draft({ body: words(100_000) }),
    });
    expect(changes).toEqual([{ of: 'body', parts: null }]);
  });
});

import { describe, expect, it } from 'vitest';
import { MEASURES } from './measure-rules.ts';
import { Reading, ReadingInput } from './measures.ts';

const READING = {
  id: 'rdg_1',
  measure: 'impressions',
  value: 12,
  asOf: '2026-03-02T08:00:00Z',
  source: 'manual',
  provisional: false,
};

function issues(value: unknown): { path: string; message: string }[] {
  const parsed = Reading.safeParse(value);
  return (parsed.error?.issues ?? []).map(({ path, message }) => ({
    path: path.join('.'),
    message,
  }));
}

describe('a reading', () => {
  it.each([
    ['of the item', {}],
    ['of a publication', { publicationId: 'pub_1' }],
    ['of a channel account', { channelAccountId: 'cha_1' }],
    ['of a baseline', { measure: 'followers', checkpoint: 'baseline' }],
    ['of an age', { checkpoint: '+28d' }],
    ['of zero', { value: 0 }],
    ['of a fraction where the measure has them', { measure: 'position_x_impressions', value: 1.5 }],
  ])('%s is valid', (_what, change) => {
    expect(issues({ ...READING, ...change })).toEqual([]);
  });

  it.each([
    [{ measure: 'engagement_rate' }, 'measure'],
    [{ value: -1 }, 'value'],
    [{ value: 1.5 }, 'value'],
    [{ value: Number.NaN }, 'value'],
    [{ value: Number.POSITIVE_INFINITY }, 'value'],
    [{ value: 2 ** 53 }, 'value'],
    [{ value: '12' }, 'value'],
    [{ measure: 'position_x_impressions', value: -0.5 }, 'value'],
    [{ publicationId: 'pub_1', channelAccountId: 'cha_1' }, 'channelAccountId'],
    [{ checkpoint: '7d' }, 'checkpoint'],
    [{ checkpoint: '+0h' }, 'checkpoint'],
    [{ checkpoint: '+1w' }, 'checkpoint'],
    [{ asOf: 'yesterday' }, 'asOf'],
    [{ asOf: '2026-03-02T08:00:00' }, 'asOf'],
    [{ source: '' }, 'source'],
    [{ surprise: true }, ''],
  ])('with %o is refused at %s', (change, path) => {
    const found = issues({ ...READING, ...change });
    expect(found.map((issue) => issue.path)).toEqual([path]);
    expect(found[0]?.message).not.toBe('');
  });

  it('handed in without a source is manual and settled', () => {
    const { id: _id, source: _source, provisional: _provisional, ...rest } = READING;
    expect(ReadingInput.parse(rest)).toEqual({ ...rest, source: 'manual', provisional: false });
  });
});

describe('a reading that is handed in', () => {
  const { id: _, ...input } = READING;

  it.each(['manual', 'csv'])('has the source %s of a person', (source) => {
    expect(ReadingInput.parse({ ...input, source }).source).toBe(source);
  });

  it.each(['sandbox', 'SANDBOX', 'mastodon', 'ga4', 'Manual', ' manual', ''])(
    'has not the source %j of an adapter',
    (source) => {
      const { error } = ReadingInput.safeParse({ ...input, source });
      expect(error?.issues).toMatchObject([{ path: ['source'] }]);
      expect(error?.issues[0]?.message).toContain('adapter');
    },
  );

  it.each(['createdBy', 'createdAt', 'definition', 'id'])('does not say its own %s', (field) => {
    expect(ReadingInput.safeParse({ ...input, [field]: READING.asOf }).success).toBe(false);
  });
});

it('only counters may be added under their own name', () => {
  for (const { kind, rollUp } of Object.values(MEASURES)) {
    expect(rollUp).toBe(kind === 'counter' ? 'sum' : kind === 'unique' ? 'never' : 'gross');
  }
});

import { describe, expect, it } from 'vitest';
import { planTag } from '../domain/item/content/version-tag.ts';
import { etagOf, ifMatchOf, scheduleTag } from './etag.ts';
import { ApiError } from './gates/errors.ts';

const hash = 'a'.repeat(64);

describe('If-Match', () => {
  it('is the hash that an ETag quotes, or *', () => {
    expect(ifMatchOf(etagOf(hash))).toBe(hash);
    expect(ifMatchOf(hash)).toBe(hash);
    expect(ifMatchOf(' * ')).toBe('*');
    expect(ifMatchOf(undefined)).toBeUndefined();
  });

  it.each(['"a", "b"', '', '"with space"', '"'])('refuses %j as invalid', (header) => {
    expect(() => ifMatchOf(header)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('never matches a weak tag', () => {
    expect(() => ifMatchOf(`W/"${hash}"`)).toThrow(ApiError);
    expect(() => ifMatchOf(`W/"${hash}"`)).toThrow(
      expect.objectContaining({ code: 'version_conflict' }),
    );
  });
});

describe('the tag of a plan', () => {
  it('is the one that the command sender compares with', () => {
    const record = {
      id: 'pub_1_1',
      channelAccountId: 'cha_1',
      channel: 'sandbox',
      slotNumber: 1,
      state: 'planned' as const,
      at: '2030-01-01T10:00:00.000Z',
      local: '',
      zone: 'UTC',
      contentHash: null,
      remoteId: null,
      permalink: null,
      publishedAt: null,
      evidence: null,
    };
    expect(scheduleTag([record])).toBe(planTag({ publications: [record] }));
    expect(scheduleTag([{ ...record, state: 'skipped' }])).not.toBe(scheduleTag([record]));
  });
});

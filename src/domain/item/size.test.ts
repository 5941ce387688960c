import { describe, expect, it } from 'vitest';
import {
  clipMessages,
  clipText,
  firstWithin,
  jsonBytes,
  lastWithin,
  MESSAGE_BYTES,
} from './size.ts';

describe('clipText', () => {
  it.each([
    ['a short text stays', 'short', 20, 'short'],
    ['a text of exactly as many bytes stays', 'abcdef', 6, 'abcdef'],
    ['a longer one ends with a mark inside the bound', 'abcdefgh', 6, 'abc…'],
    ['bytes count, not characters', 'éééééééé', 9, 'ééé…'],
    ['no character is cut in two', '😀😀😀', 8, '😀…'],
    ['a control character counts as it is escaped', '\u0001\u0001\u0001', 10, '\u0001…'],
    ['half a surrogate pair counts as it is escaped', '\ud800\ud800', 10, '\ud800…'],
  ])('%s', (_, text, bytes, expected) => {
    expect(clipText(text, bytes)).toBe(expected);
    expect(jsonBytes(clipText(text, bytes)) - 2).toBeLessThanOrEqual(bytes);
  });
});

describe('clipMessages', () => {
  it('counts what it leaves out', () => {
    expect(clipMessages(['a', 'b', 'c'], 2)).toEqual(['a', 'b', 'and 1 more']);
    expect(clipMessages(['a', 'b'], 2)).toEqual(['a', 'b']);
  });

  it('bounds each message', () => {
    const [message = ''] = clipMessages(['x'.repeat(10_000)], 2);
    expect(jsonBytes(message) - 2).toBe(MESSAGE_BYTES);
  });
});

describe('firstWithin and lastWithin', () => {
  it('take as many as fit, and one at least', () => {
    const values = ['aaaa', 'bbbb', 'cccc'];
    expect(firstWithin(values, 14)).toEqual(['aaaa', 'bbbb']);
    expect(lastWithin(values, 14)).toEqual(['bbbb', 'cccc']);
    expect(firstWithin(values, 1)).toEqual(['aaaa']);
    expect(firstWithin(values, 1_000)).toEqual(values);
    expect(firstWithin([], 1)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../api/gates/safe-json.ts';
import { hashOf } from '../../canonical.ts';
import { failedChecks } from './digests.ts';
import { Draft } from './draft.ts';

const LENGTH = 40_000;
/** Less than this is no time, whatever it is compared with. */
const NOTHING_MS = 15;
/** Linear work doubles, quadratic work is four times as much. */
const MOST = 3;

const PIECES = [
  '[insert',
  '[image [',
  'xxx',
  'tk tk',
  '#ad',
  'lorem ',
  'sponsored',
  ' ',
  'a.',
  '👩‍🚀',
];

function draftOf(text: string): Draft {
  const draft = { language: 'en', title: 'long', body: text, variants: [] };
  return Draft.parse(draft);
}

const ANALYSES: Record<string, (text: string) => unknown> = {
  'the checks of a draft': (text) => failedChecks(draftOf(text), ['sponsored']),
  'the hash of a draft': (text) => hashOf(draftOf(text)),
  'the reading of a body': (text) => parseJson(Buffer.from(JSON.stringify({ text }))),
};

/** Processor time of this thread, so that a busy machine changes nothing: the best of three. */
function costOf(work: () => unknown): number {
  const costs = [0, 1, 2].map(() => {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...costs);
}

describe.each(Object.entries(ANALYSES))('%s', (_, analyse) => {
  it.each(PIECES)('costs twice as much for twice as many %j', (piece) => {
    const once = piece.repeat(LENGTH / piece.length);
    const [one, two] = [costOf(() => analyse(once)), costOf(() => analyse(once + once))];
    expect(two < NOTHING_MS || two / one < MOST, `${one} ms, then ${two} ms`).toBe(true);
  });
});

describe('an open placeholder', () => {
  const failing = (text: string) => failedChecks(draftOf(text), []);
  it.each([
    ['[insert a quote]', ['no_blank_text']],
    ['[insert [insert a quote]', ['no_blank_text']],
    ['[IMAGE\nof a loaf]', ['no_blank_text']],
    ['] then [insert', []],
    ['[insert without an end', []],
    ['[link] and [todo', ['no_blank_text']],
    ['an [inset] of it', []],
  ])('%j', (text, expected) => {
    expect(failing(text)).toEqual(expected);
  });
});

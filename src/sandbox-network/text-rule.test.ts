import { expect, it } from 'vitest';
import { refusalOf } from './text-rule.ts';

it.each([
  ['500 letters', 'é'.repeat(500), null],
  ['501 letters', 'é'.repeat(501), 'too_long'],
  ['500 families', '👨‍👩‍👧‍👦'.repeat(500), null],
  ['a link as long as it is', `https://example.com/${'a'.repeat(481)}`, 'too_long'],
  ['nothing', ' \n', 'empty'],
  ['half of a character', 'a\ud83d', 'malformed'],
])('%s', (_, text, code) => {
  expect(refusalOf(text)?.code ?? null).toBe(code);
});

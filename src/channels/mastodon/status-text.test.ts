import { describe, expect, it } from 'vitest';
import { comparable, comparableHtml, withoutMentionHosts } from './status-text.ts';

describe('withoutMentionHosts', () => {
  it.each([
    ['@ana@elsewhere.example', '@ana'],
    ['Merci @ana@elsewhere.example.', 'Merci @ana.'],
    ['(@a.b_c@x.example)', '(@a.b_c)'],
    ['contact@boulangerie.example', 'contact@boulangerie.example'],
    ['https://x.example/@ana@elsewhere.example', 'https://x.example/@ana@elsewhere.example'],
    ['@ana', '@ana'],
  ])('%j is counted as %j', (text, counted) => {
    expect(withoutMentionHosts(text)).toBe(counted);
  });
});

it('hostile texts of a megabyte are read in linear time', () => {
  const begun = performance.now();
  for (const part of ['<', '@', '@a', '@a@', '@a.b-', '&#', '&amp', '<a ']) {
    comparableHtml(part.repeat(1_000_000 / part.length));
    withoutMentionHosts(`@${part.repeat(1_000_000 / part.length)}@`);
  }
  expect(performance.now() - begun).toBeLessThan(20_000);
});

describe('comparableHtml', () => {
  it.each([
    ['<p>un<br />deux</p><p>trois</p>', 'un\ndeux\n\ntrois'],
    ['<p>&lt;b&gt; &amp;amp; &quot;l&#39;été&quot; &#x1F956;</p>', '<b> &amp; "l\'été" 🥖'],
    ['<p>e\u0301te\u0301</p>', 'été'],
    ['<p>&unknown; &#9999999;</p>', '&unknown; &#9999999;'],
  ])('%j reads as %j', (html, text) => {
    expect(comparableHtml(html)).toBe(comparable(text));
  });

  it('tells texts apart that differ in a letter, a sign or a case', () => {
    const html = '<p>Une brioche !</p>';
    for (const other of ['Une brioche ?', 'une brioche !', 'Une brioche', 'Une brioches !']) {
      expect(comparableHtml(html)).not.toBe(comparable(other));
    }
  });
});

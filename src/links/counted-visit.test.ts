import { describe, expect, it } from 'vitest';
import visitors from '../../test/vectors/link-visitors.json' with { type: 'json' };
import { isSomebody } from './counted-visit.ts';

const BROWSER = visitors.somebody.Firefox;

function isCounted(headers: Record<string, string>, method = 'GET'): boolean {
  return isSomebody({ method, header: (name) => headers[name] });
}

describe('a click', () => {
  it.each(Object.entries(visitors.somebody))('is what somebody with %s makes', (_, agent) => {
    expect(isCounted({ 'user-agent': agent })).toBe(true);
  });

  it.each(Object.entries(visitors.nobody))('is none of %s', (_, agent) => {
    expect(isCounted({ 'user-agent': agent })).toBe(false);
  });

  it.each([
    { purpose: 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'sec-purpose': 'prefetch;anonymous-client-ip' },
    { 'x-purpose': 'preview' },
    { 'x-moz': 'prefetch' },
    { 'sec-fetch-mode': 'no-cors' },
    { 'sec-fetch-mode': 'cors' },
  ])('is not what a browser loads by itself: %j', (headers) => {
    expect(isCounted({ 'user-agent': BROWSER, ...headers })).toBe(false);
    expect(isCounted({ 'user-agent': BROWSER, 'sec-fetch-mode': 'navigate' })).toBe(true);
  });

  it('is no HEAD, and of nobody who does not say what it is', () => {
    expect(isCounted({ 'user-agent': BROWSER }, 'HEAD')).toBe(false);
    expect(isCounted({})).toBe(false);
    expect(isCounted({ 'user-agent': '' })).toBe(false);
    expect(isCounted({ 'user-agent': `${BROWSER} ${'bot '.repeat(100_000)}` })).toBe(false);
  });
});

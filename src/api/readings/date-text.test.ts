import { describe, expect, it } from 'vitest';
import { dateProblem } from './date-text.ts';

describe('dateProblem', () => {
  it.each([
    ['01/02/2026', '2026-02-01', '2026-01-02'],
    ['1.2.2026', '2026-02-01', '2026-01-02'],
    ['01-02-2026', '2026-02-01', '2026-01-02'],
    ['01/02/2026 08:00', '2026-02-01', '2026-01-02'],
    ['05/04/26', '2026-04-05', '2026-05-04'],
    ['25/12/26', '2026-12-25', '2025-12-26'],
  ])('names the readings of %j', (text, first, second) => {
    const { kind, message } = dateProblem(text) ?? {};
    expect(kind).toBe('ambiguous_date');
    expect(message).toContain(first);
    expect(message).toContain(second);
  });

  it.each([
    '2026-02-01',
    '2026-02-01T08:00:00Z',
    '2026-02-01T08:00:00+02:00',
    '31/12/2026',
    '02/02/2026',
    'yesterday',
    '46082',
    '',
  ])('leaves %j to others', (text) => {
    expect(dateProblem(text)).toBeNull();
  });
});

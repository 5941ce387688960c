import { expect, it } from 'vitest';
import { afterQuietHours, nextDigest } from './send-time.ts';

const zone = 'Europe/Paris';
const night = { zone, quietHours: { from: '22:00', to: '07:30' } };

function after(instant: string, habits = night): string {
  return new Date(afterQuietHours(Date.parse(instant), habits)).toISOString();
}

it.each([
  ['by day', '2027-01-10T12:00:00.000Z', '2027-01-10T12:00:00.000Z'],
  ['before midnight', '2027-01-10T22:00:00.000Z', '2027-01-11T06:30:00.000Z'],
  ['after midnight', '2027-01-11T01:00:00.000Z', '2027-01-11T06:30:00.000Z'],
  ['at their first minute', '2027-01-10T21:00:00.000Z', '2027-01-11T06:30:00.000Z'],
  ['at their end', '2027-01-11T06:30:00.000Z', '2027-01-11T06:30:00.000Z'],
  [
    'in the night in which clocks go forward',
    '2027-03-27T23:00:00.000Z',
    '2027-03-28T05:30:00.000Z',
  ],
  ['in the night in which clocks go back', '2027-10-30T23:00:00.000Z', '2027-10-31T06:30:00.000Z'],
])('quiet hours %s', (_, at, sent) => {
  expect(after(at)).toBe(sent);
});

it('quiet hours that end at a wall time that comes twice, or never', () => {
  const twice = { zone, quietHours: { from: '23:00', to: '02:30' } };
  expect(after('2027-10-31T00:00:00.000Z', twice)).toBe('2027-10-31T00:30:00.000Z');
  expect(after('2027-10-31T01:15:00.000Z', twice)).toBe('2027-10-31T01:30:00.000Z');
  expect(after('2027-03-28T00:30:00.000Z', twice)).toBe('2027-03-28T01:30:00.000Z');
});

it('no quiet hours, or none that last, hold nothing back', () => {
  const at = '2027-01-10T23:00:00.000Z';
  expect(after(at, { zone, quietHours: { from: '22:00', to: '22:00' } })).toBe(at);
  expect(new Date(afterQuietHours(Date.parse(at), { zone, quietHours: null })).toISOString()).toBe(
    at,
  );
});

it('a digest comes with the next hour, or the next morning, by the member’s clock', () => {
  const at = (instant: string, digest: 'hourly' | 'daily', where = zone) =>
    new Date(nextDigest(Date.parse(instant), digest, where)).toISOString();
  expect(at('2027-01-10T12:34:56.000Z', 'hourly')).toBe('2027-01-10T13:00:00.000Z');
  expect(at('2027-01-10T12:34:56.000Z', 'hourly', 'Asia/Kolkata')).toBe('2027-01-10T13:30:00.000Z');
  expect(at('2027-01-10T06:59:00.000Z', 'daily')).toBe('2027-01-10T07:00:00.000Z');
  expect(at('2027-01-10T07:00:00.000Z', 'daily')).toBe('2027-01-11T07:00:00.000Z');
  expect(at('2027-03-27T08:00:00.000Z', 'daily')).toBe('2027-03-28T06:00:00.000Z');
  expect(at('2027-01-10T06:59:00.000Z', 'daily', 'Nowhere/At_all')).toBe(
    '2027-01-10T08:00:00.000Z',
  );
});

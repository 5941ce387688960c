import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { instantOfWall, offsetAt } from './zone-offsets.ts';

const ZONES = [
  'Europe/Paris',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Asia/Kolkata',
  'America/Sao_Paulo',
  'UTC',
];
const zone = fc.constantFrom(...ZONES);
const HOUR_MS = 3_600_000;
const instant = fc.integer({
  min: Date.parse('2008-01-01T00:00:00Z'),
  max: Date.parse('2038-01-01T00:00:00Z'),
});

function zoned(epochMs: number, name: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(name);
}

/** Instants a few hours around a change of the clock, where an offset is easiest to get wrong. */
function aroundChange(epochMs: number, name: string, shiftMs: number): number {
  const change = zoned(epochMs, name).getTimeZoneTransition('next');
  return (change?.epochMilliseconds ?? epochMs) + shiftMs;
}

const shift = fc.integer({ min: -30 * HOUR_MS, max: 30 * HOUR_MS });
const near = fc.oneof(
  fc.constant(0),
  fc.constant(-1),
  fc.constant(1),
  fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS }),
  shift,
);

describe('the remembered offsets of a zone', () => {
  it('are those of the zone’s rules at every instant', () => {
    fc.assert(
      fc.property(instant, zone, near, (epochMs, name, shiftMs) => {
        for (const at of [epochMs, aroundChange(epochMs, name, shiftMs)]) {
          expect(offsetAt(at, name)).toBe(zoned(at, name).offsetNanoseconds / 1_000_000);
        }
      }),
    );
  });

  it('resolve every wall time as the rules do, also one that is skipped or comes twice', () => {
    fc.assert(
      fc.property(instant, zone, near, (epochMs, name, shiftMs) => {
        const change = aroundChange(epochMs, name, 0);
        const offsets = [change - 1, change].map((at) => offsetAt(at, name));
        for (const wallMs of [epochMs, ...offsets.map((offset) => change + offset + shiftMs)]) {
          const wall = new Date(wallMs).toISOString().slice(0, -1);
          const expected = Temporal.PlainDateTime.from(wall).toZonedDateTime(name, {
            disambiguation: 'compatible',
          });
          expect(instantOfWall(wallMs, name)).toBe(expected.epochMilliseconds);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantToLocal, isTimeZone, resolveLocalTime, tzdataVersion } from './zoned-time.ts';

const ZONES = Intl.supportedValuesOf('timeZone');
const HOUR_MS = 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall clock by the platform's own formatter: an arithmetic of its own. */
function wallClock(epochMs: number, zone: string): string {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(zone, format);
  return format.format(epochMs).replace(' ', 'T').slice(0, 16);
}

const anyZone = fc.constantFrom(...ZONES);
const anyMinute = fc
  .integer({ min: Date.UTC(2020, 0) / 60_000, max: Date.UTC(2036, 0) / 60_000 })
  .map((minutes) => minutes * 60_000);
const wallOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 16);

/** Quarter hours around changes of the clock, where an error would hide. */
const changes = ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca']
  .concat(['America/Santiago', 'Asia/Beirut', 'Pacific/Chatham', 'Africa/Cairo'])
  .flatMap((zone) => transitions(zone).map((epochMs) => ({ zone, epochMs })));

function transitions(zone: string): number[] {
  const offset = (epochMs: number): number => Date.parse(`${wallClock(epochMs, zone)}Z`) - epochMs;
  const found: number[] = [];
  for (let day = Date.UTC(2024, 0); day < Date.UTC(2030, 0); day += 24 * HOUR_MS) {
    if (offset(day) === offset(day + 24 * HOUR_MS)) continue;
    for (let at = day; at < day + 24 * HOUR_MS; at += HOUR_MS) {
      if (offset(at) !== offset(at + HOUR_MS)) found.push(at);
    }
  }
  return found;
}

const aroundAChange = fc
  .tuple(fc.constantFrom(...changes), fc.integer({ min: -24, max: 24 }))
  .map(([{ zone, epochMs }, quarters]) => ({
    zone,
    local: `${wallClock(epochMs + (quarters * HOUR_MS) / 4, zone)}`,
  }));

describe('resolveLocalTime', () => {
  it('an ordinary time has one instant', () => {
    expect(resolveLocalTime({ local: '2026-07-14T09:30', zone: 'Europe/Paris' })).toEqual({
      ok: true,
      at: '2026-07-14T07:30:00.000Z',
      offset: '+02:00',
      tzdata: tzdataVersion(),
    });
    expect(resolveLocalTime({ local: '2026-07-14T09:30:15', zone: 'UTC' })).toMatchObject({
      at: '2026-07-14T09:30:15.000Z',
    });
  });

  it('a skipped time is refused with the times around the gap', () => {
    expect(resolveLocalTime({ local: '2027-03-28T02:30', zone: 'Europe/Paris' })).toEqual({
      ok: false,
      code: 'time_does_not_exist',
      message: '2027-03-28T02:30 does not exist in Europe/Paris: clocks go forward over it',
      choices: [
        { at: '2027-03-28T00:30:00.000Z', offset: '+01:00' },
        { at: '2027-03-28T01:30:00.000Z', offset: '+02:00' },
      ],
    });
  });

  it('a repeated time is refused with both instants', () => {
    expect(resolveLocalTime({ local: '2026-10-25T02:30', zone: 'Europe/Paris' })).toMatchObject({
      ok: false,
      code: 'time_exists_twice',
      choices: [
        { at: '2026-10-25T00:30:00.000Z', offset: '+02:00' },
        { at: '2026-10-25T01:30:00.000Z', offset: '+01:00' },
      ],
    });
  });

  it('a gap of half an hour and one of a whole day are found', () => {
    expect(
      resolveLocalTime({ local: '2026-10-04T02:15', zone: 'Australia/Lord_Howe' }),
    ).toMatchObject({ code: 'time_does_not_exist' });
    expect(resolveLocalTime({ local: '2011-12-30T12:00', zone: 'Pacific/Apia' })).toMatchObject({
      code: 'time_does_not_exist',
    });
  });

  it.each(['Europe/Pariss', '+02:00', 'Z', '', 'Europe', '../etc', 'Europe/Paris\n'])(
    'the zone %j is refused',
    (zone) => {
      expect(resolveLocalTime({ local: '2026-07-14T09:30', zone })).toMatchObject({
        ok: false,
        code: 'unknown_zone',
      });
    },
  );

  it.each([
    '2026-07-14',
    '2026-07-14 09:30',
    '2026-07-14T09:30Z',
    '2026-07-14T09:30+02:00',
    '2026-07-14T09:30:00.5',
    '2026-07-14T24:00',
    '2026-02-29T09:30',
    '2026-13-01T09:30',
    '2026-07-14T09:30[u-ca=hebrew]',
    '',
  ])('the local time %j is refused', (local) => {
    expect(resolveLocalTime({ local, zone: 'Europe/Paris' })).toMatchObject({
      ok: false,
      code: 'invalid_local_time',
    });
  });

  it('what is resolved reads back as the same wall time, in every zone', () => {
    fc.assert(
      fc.property(anyMinute, anyZone, (epochMs, zone) => {
        const local = wallOf(epochMs);
        const time = resolveLocalTime({ local, zone });
        if (time.ok) expect(wallClock(Date.parse(time.at), zone)).toBe(local);
        else expect(time.code).toMatch(/^time_/);
      }),
      { numRuns: 500 },
    );
  });

  it('around a change of the clock each wall time is resolved once, refused twice or absent', () => {
    fc.assert(
      fc.property(aroundAChange, ({ zone, local }) => {
        const time = resolveLocalTime({ local, zone });
        const middle = Date.parse(`${local}Z`);
        const showing = new Set<number>();
        for (let at = middle - 15 * HOUR_MS; at <= middle + 15 * HOUR_MS; at += HOUR_MS / 4) {
          if (wallClock(at, zone) === local) showing.add(at);
        }
        const resolved = time.ok
          ? [Date.parse(time.at)]
          : 'choices' in time
            ? time.choices.map(({ at }) => Date.parse(at))
            : [];
        if (!time.ok && time.code === 'time_does_not_exist') expect(showing.size).toBe(0);
        else expect(resolved).toEqual([...showing]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('instantToLocal', () => {
  it('is the wall clock, with seconds only where they matter', () => {
    expect(instantToLocal({ at: '2026-07-14T07:30:00Z', zone: 'Europe/Paris' })).toBe(
      '2026-07-14T09:30',
    );
    expect(instantToLocal({ at: '2026-07-14T07:30:05.250Z', zone: 'Europe/Paris' })).toBe(
      '2026-07-14T09:30:05',
    );
    expect(instantToLocal({ at: '2026-07-14T07:30:00Z', zone: 'Mars/Olympus' })).toBeNull();
    expect(instantToLocal({ at: 'soon', zone: 'Europe/Paris' })).toBeNull();
  });

  it('agrees with the platform’s formatter', () => {
    fc.assert(
      fc.property(anyMinute, anyZone, (epochMs, zone) => {
        expect(instantToLocal({ at: new Date(epochMs).toISOString(), zone })).toBe(
          wallClock(epochMs, zone),
        );
      }),
      { numRuns: 500 },
    );
  });
});

it('every zone of the platform is known, and the version of its rules is told', () => {
  expect(ZONES.every(isTimeZone)).toBe(true);
  expect(tzdataVersion()).toMatch(/^\d{4}[a-z]$/);
});

import { describe, expect, it } from 'vitest';
import { compareZones } from '../support/dst-property.ts';

/** Zones with whole and half hours, southern summers, Ramadan, negative summer time and date changes. */
const ZONES = [
  'Europe/Paris',
  'Europe/Dublin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Tehran',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/Nuuk',
  'UTC',
];

describe('R11: our clock arithmetic and a second library', () => {
  it('agree around every change of an offset (all zones: `npm run test:dst`)', () => {
    const report = compareZones({ zones: ZONES, from: 2021, years: 3 });
    expect(report.examples).toEqual([]);
    expect(report.transitions).toBeGreaterThan(60);
    expect(report.pairs).toBeGreaterThan(10_000);
  });

  it('notice a resolver that reads every wall time as the later one', () => {
    const report = compareZones({
      zones: ['Europe/Paris'],
      from: 2024,
      years: 1,
      resolve: ({ local }) => ({
        ok: true,
        at: new Date(`${local}+01:00`).toISOString(),
        offset: '+01:00',
        tzdata: '',
      }),
    });
    expect(report.disagreements).toBeGreaterThan(10);
  });
});

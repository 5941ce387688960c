import fc from 'fast-check';
import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { brokenCalendarRules } from '../../test/support/calendar-rules.ts';
import type { FeedRow } from '../db/calendar/calendar.ts';
import { calendarFeed } from './calendar-feed.ts';

const NOW = '2026-10-01T00:00:00.000Z';
const RANGE = {
  from: '2026-07-03T00:00:00.000Z',
  to: '2027-10-01T00:00:00.000Z',
  nowMs: Date.parse(NOW),
};

interface Change extends Partial<Omit<FeedRow, 'publication'>> {
  at?: string;
  zone?: string;
  permalink?: string;
}

function row({ at = NOW, zone = 'Europe/Paris', permalink, ...change }: Change = {}): FeedRow {
  return {
    // Of a publication the feed reads these.
    publication: {
      id: 'pub_1',
      state: 'planned',
      channel: 'sandbox',
      changedSeq: 3,
      changedAt: NOW,
      embargoUntil: null,
      permalink: permalink ?? null,
      at,
      zone,
    } as FeedRow['publication'],
    title: 'A title',
    campaignId: null,
    stage: 'scheduled',
    clockOffsetMs: 0,
    accountName: 'studio',
    renames: 0,
    renamedAt: null,
    ...change,
  };
}

function textOf(rows: FeedRow[]): string {
  return calendarFeed({ rows, ...RANGE });
}

function eventsOf(text: string): ICAL.Event[] {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents('vtimezone')) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return calendar.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
}

describe('the calendar feed', () => {
  it('is a valid file without any entry', () => {
    const text = textOf([]);
    expect(brokenCalendarRules(text)).toEqual([]);
    expect(eventsOf(text)).toEqual([]);
  });

  it('says how often to ask again, to both kinds of programs', () => {
    const text = textOf([row()]);
    expect(text).toContain('\r\nREFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n');
    expect(text).toContain('\r\nX-PUBLISHED-TTL:PT15M\r\n');
  });

  it.each(['Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Etc/GMT+5', 'UTC', 'nowhere'])(
    'has an end after the right start in %s',
    (zone) => {
      const text = textOf([row({ zone, at: '2026-12-01T08:30:00.000Z' })]);
      expect(brokenCalendarRules(text)).toEqual([]);
      const [event] = eventsOf(text);
      const start = Date.parse('2026-12-01T08:30:00Z') / 1_000;
      expect(event?.startDate.toUnixTime()).toBe(start);
      expect(event?.endDate.toUnixTime()).toBe(start + 900);
    },
  );

  it('has the right instants around both changes of the clock', () => {
    for (const day of ['2026-10-25', '2027-03-28']) {
      for (let minute = 0; minute < 180; minute += 5) {
        const ms = Date.parse(`${day}T00:00:00Z`) + minute * 60_000;
        const at = new Date(ms).toISOString();
        const [event] = eventsOf(textOf([row({ at })]));
        expect([at, event?.startDate.toUnixTime()]).toEqual([at, ms / 1_000]);
        expect([at, event?.endDate.toUnixTime()]).toEqual([at, ms / 1_000 + 900]);
      }
    }
  });

  it('holds no control character and no line end of a text', () => {
    const title = 'a\u0000b\u0007c\u001bd\u007fe\u009ff\tg\rh\u2028i\u0085j\vk\ud800l';
    const text = textOf([row({ title, permalink: 'https://x.test/\r\nSUMMARY:y' })]);
    expect(brokenCalendarRules(text)).toEqual([]);
    const [event, ...others] = eventsOf(text);
    expect(others).toEqual([]);
    expect(event?.summary).toBe('abcdef\tg\nh\ni\nj\nk\uFFFDl (studio)');
    expect(event?.description).toBe('planned\nhttps://x.test/\nSUMMARY:y');
  });

  it('is valid for any title, and gives it back', () => {
    const title = fc
      .string({ unit: 'grapheme', maxLength: 200 })
      .filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text));
    fc.assert(
      fc.property(title, title, (written, accountName) => {
        const text = textOf([row({ title: written, accountName })]);
        expect(brokenCalendarRules(text)).toEqual([]);
        const [event] = eventsOf(text);
        expect(event?.summary).toBe(`${written} (${accountName})`);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    'a'.repeat(300),
    'é'.repeat(300),
    '編'.repeat(300),
    '👩‍🚀'.repeat(100),
    ';,\\'.repeat(100),
  ])('folds its lines at 75 octets: %.6s…', (title) => {
    const text = textOf([row({ title })]);
    expect(brokenCalendarRules(text)).toEqual([]);
    expect(eventsOf(text)[0]?.summary).toBe(`${title} (studio)`);
  });
});

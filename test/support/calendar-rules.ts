import ICAL from 'ical.js';

/** What RFC 5545 requires of a file, beyond what ical.js refuses: the rules that a text breaks. */
export function brokenCalendarRules(text: string): string[] {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const zones = calendar
    .getAllSubcomponents('vtimezone')
    .map((zone) => String(zone.getFirstPropertyValue('tzid')));
  const rules: Record<string, boolean> = {
    'is one calendar': calendar.name === 'vcalendar',
    'ends with a line end': text.endsWith('\r\n'),
    'has no line end but CRLF': !/[\r\n\v\f\u0085\u2028\u2029]/.test(text.replaceAll('\r\n', '')),
    'has no control character': !/[^\P{Cc}\t]/u.test(text.replaceAll('\r\n', '')),
    'has lines of 75 octets at most': text
      .split('\r\n')
      .every((line) => Buffer.byteLength(line) <= 75),
    'has no empty line': !text.trimEnd().split('\r\n').includes(''),
    'has half a character nowhere': text.isWellFormed(),
    'has one version and one program': ['version', 'prodid'].every(
      (name) => calendar.getAllProperties(name).length === 1,
    ),
    'has a component': calendar.getAllSubcomponents().length > 0,
    'defines each zone once': new Set(zones).size === zones.length,
  };
  for (const [index, event] of calendar.getAllSubcomponents('vevent').entries()) {
    const countOf = (name: string) => event.getAllProperties(name).length;
    const tzids = event
      .getAllProperties()
      .flatMap((property) => property.getParameter('tzid') ?? []);
    rules[`event ${index} has uid, dtstamp and dtstart once`] = ['uid', 'dtstamp', 'dtstart'].every(
      (name) => countOf(name) === 1,
    );
    rules[`event ${index} has an end or a duration`] = countOf('dtend') + countOf('duration') === 1;
    rules[`event ${index} has defined zones`] = tzids.flat().every((tzid) => zones.includes(tzid));
  }
  return Object.entries(rules).flatMap(([rule, holds]) => (holds ? [] : [rule]));
}

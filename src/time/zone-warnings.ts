import { resolveLocalTime, tzdataVersion } from './zoned-time.ts';

/**
 * What the time-zone rules of this program make of a slot that was planned under others: a warning
 * when its wall time is another instant now. The plan stays at its instant until a person moves it.
 */
export function zoneWarnings({
  at,
  local,
  zone,
  tzVersion,
}: {
  at: string;
  local: string;
  zone: string;
  tzVersion?: string | null | undefined;
}): { code: 'zone_rules_changed'; message: string }[] {
  if (tzVersion === undefined || tzVersion === null || tzVersion === tzdataVersion()) return [];
  const time = resolveLocalTime({ local, zone });
  const readings = time.ok ? [time.at] : 'choices' in time ? time.choices.map((c) => c.at) : [];
  if (readings.some((reading) => Date.parse(reading) === Date.parse(at))) return [];
  const now = readings.length === 0 ? 'no instant' : readings.join(' or ');
  const message = `by the rules of ${tzdataVersion()}, ${local} in ${zone} is ${now}; it was planned as ${at} by ${tzVersion}`;
  return [{ code: 'zone_rules_changed', message }];
}

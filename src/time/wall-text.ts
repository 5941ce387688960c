import type { Language } from '../domain/labels/words.ts';
import { isTimeZone } from './zoned-time.ts';

/** An instant as a person reads it, in their zone, which is named. What is no instant stays as it is. */
export function wallText(instant: string, language: Language, zone: string): string {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return instant;
  return new Intl.DateTimeFormat(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone: isTimeZone(zone) ? zone : 'UTC',
  }).format(at);
}

import type { TimelineEntry } from '../client/index.ts';
import { type Names, short, time } from './print-item.ts';
import { textTable } from './text-table.ts';

const DATA_WIDTH = 80;
const HASH = /^[0-9a-f]{64}$/;

/** One line per event and per refusal, oldest first. */
export function timelineText(entries: readonly TimelineEntry[], names: Names): string {
  return textTable(entries.map((entry) => rowOf(entry, names)));
}

function rowOf(entry: TimelineEntry, names: Names): string[] {
  const { seq, at } = entry;
  const actor = names(entry.actor);
  if (entry.kind === 'refusal') {
    const codes = entry.unmet.map(({ code }) => code).join(', ');
    return ['', time(at), `${entry.type} refused`, actor, told(codes, entry, names)];
  }
  return [String(seq), time(at), entry.type, actor, told(dataText(entry.data), entry, names)];
}

function told(text: string, { via }: TimelineEntry, names: Names): string {
  return [text, viaText(via, names)].filter((part) => part !== '').join('; ');
}

/** The credential that somebody else had made for whoever acted, or the link; empty when neither. */
export function viaText(via: TimelineEntry['via'], names: Names): string {
  if (via === undefined) return '';
  const issued = via.issuedBy === undefined ? '' : `, issued by ${names(via.issuedBy)}`;
  if ('linkId' in via) return `via: link of ${via.name}${issued}`;
  if (issued === '') return '';
  return `via: ${'keyId' in via ? `key ${via.keyId}` : `endpoint ${via.endpointId}`}${issued}`;
}

/** Said by the columns already, or of use to programs only. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['commandId', 'itemId', 'memberId']);

function dataText(data: Record<string, unknown>): string {
  const text = Object.entries(data)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .flatMap(([name, value]) => {
      if (typeof value === 'number') return [`${name} ${value}`];
      return typeof value === 'string'
        ? [`${name} ${HASH.test(value) ? short(value) : value}`]
        : [];
    })
    .join(', ');
  return text.length > DATA_WIDTH ? `${text.slice(0, DATA_WIDTH - 1)}…` : text;
}

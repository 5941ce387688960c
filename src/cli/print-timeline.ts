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
    return ['', time(at), `${entry.type} refused`, actor, codes];
  }
  return [String(seq), time(at), entry.type, actor, dataText(entry.data)];
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

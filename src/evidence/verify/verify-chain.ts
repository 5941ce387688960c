import { type ItemEvent, verifyChain } from '../../domain/item/event.ts';
import { type Fault, MANIFEST, type Manifest, pathOf } from '../pack-format.ts';
import type { EventRow, PackRows } from './pack-rows.ts';

const EVENTS = pathOf('events');

/** The event of a row, in the form that the domain checks. */
export function eventOf(row: EventRow): ItemEvent {
  const { seq, at, type, actor, data, prevHash, hash } = row;
  // Whether the type is one of the closed list, the machine says.
  return { seq, at, type: type as ItemEvent['type'], actor, data, prevHash, hash };
}

/** Each event follows from the one before, and the chain ends where the item says it stands. */
export function findChainFaults({ events, item }: PackRows, manifest: Manifest): Fault[] {
  const fault = verifyChain(events.map(eventOf));
  if (fault !== null) {
    const [field, message] =
      fault.code === 'event_gap'
        ? ['seq', `event ${fault.seq} is missing`]
        : ['hash', 'the hash does not follow from the row and the hash before it'];
    return [{ file: EVENTS, row: fault.seq, field, message }];
  }
  const last = events.at(-1);
  const faults: Fault[] = [];
  for (const [index, { data, commandId }] of events.entries()) {
    if ((data['commandId'] ?? null) === commandId) continue;
    faults.push({
      file: EVENTS,
      row: index + 1,
      field: 'commandId',
      message: 'is not the command that the event names',
    });
  }
  if (last?.seq !== item.seq || last.hash !== item.headHash) {
    const field = last?.seq === item.seq ? 'headHash' : 'seq';
    const message = `the item stands at event ${item.seq}, the chain ends at ${last?.seq ?? 0}`;
    faults.push({ file: 'item.json', row: 1, field, message });
  }
  if (manifest.head.seq !== item.seq || manifest.head.hash !== item.headHash) {
    faults.push({ file: MANIFEST, row: null, field: 'head', message: 'is not that of the item' });
  }
  return faults;
}

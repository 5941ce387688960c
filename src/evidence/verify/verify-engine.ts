import { differingField } from '../../domain/item/replay/replay.ts';
import { type Fault, pathOf } from '../pack-format.ts';
import type { PackRows } from './pack-rows.ts';
import type { ToldByHistory } from './read-histories.ts';

/** The engine keeps a history of its own: a chain that was rewritten in the tables does not agree with it. */
export function findEngineFaults(
  { events, commands, item }: PackRows,
  told: ToldByHistory,
): Fault[] {
  const faults: Fault[] = [];
  for (const [seq, { hash, file, row }] of told.hashes) {
    if (seq === 0) continue;
    const event = events[seq - 1];
    if (event?.hash === hash) continue;
    const says = `the engine's history says otherwise (${file}, row ${row})`;
    const field = event === undefined ? null : 'hash';
    faults.push({ file: pathOf('events'), row: seq, field, message: says });
  }
  const numbers = new Map(commands.map(({ id }, index) => [id, index]));
  for (const [id, { answer, file, row }] of told.answers) {
    const index = numbers.get(id);
    if (index === undefined) {
      // Commands of a closed item are kept for a time only; its histories stay.
      if (item['closedAt'] !== null) continue;
      const message = `the engine's history has the command ${id} (${file}, row ${row})`;
      faults.push({ file: pathOf('commands'), row: commands.length + 1, field: null, message });
      continue;
    }
    for (const [key, value] of Object.entries(commands[index]?.answer ?? {})) {
      if (key === 'substage' && value === null) continue;
      if (differingField({ value }, { value: answer[key] }) === null) continue;
      const message = `the run answered otherwise (${file}, row ${row})`;
      faults.push({ file: pathOf('commands'), row: index + 1, field: `answer.${key}`, message });
    }
  }
  return faults.sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
}

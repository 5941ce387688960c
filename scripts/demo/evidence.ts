import { unzipSync, zipSync } from 'fflate';
import { type PackVerdict, verifyPack } from '../../src/evidence/verify/verify-pack.ts';
import type { Story } from './story.ts';

/** In the file of events: what a byte is changed in. */
const CHANGED = { file: 'events.jsonl', text: '"approve"' } as const;

/** Everything that is kept of an item, checked by nothing but itself; and a copy that somebody changed. */
export async function checkPack(
  { cast }: Story,
  itemId: string,
): Promise<{ whole: string; changed: string }> {
  const pack = await cast.strategist.client.items.auditPack(itemId);
  const bytes = new Uint8Array(await pack.arrayBuffer());
  const { faults, summary } = await verifyPack(bytes);
  if (faults.length > 0 || summary === null) {
    throw new Error(`the audit pack of ${itemId}: ${placeOf(faults)}`);
  }
  const { faults: found } = await verifyPack(withOtherByte(bytes));
  if (found.length === 0) throw new Error(`a changed byte in the pack of ${itemId} is not found`);
  return {
    whole: `${Math.round(pack.size / 1_024)} kB, verified offline: the machine replayed ${summary.seq} events`,
    changed: `one byte of a copy changed: found in ${placeOf(found)}`,
  };
}

/** A copy in which the first approval reads `Approve`. */
function withOtherByte(pack: Uint8Array): Uint8Array {
  const files = unzipSync(pack);
  const events = Buffer.from(files[CHANGED.file] ?? []);
  const at = events.indexOf(CHANGED.text);
  if (at === -1) throw new Error(`${CHANGED.file} has no ${CHANGED.text}`);
  events.write('A', at + 1);
  return zipSync({ ...files, [CHANGED.file]: events }, { level: 0 });
}

function placeOf([first]: PackVerdict['faults']): string {
  if (first === undefined) return 'no place';
  const { file, row, field, message } = first;
  return `${file}, row ${row}, ${field}: ${message}`;
}

import { GENESIS_HASH } from '../../domain/item/event.ts';
import { sha256Of } from '../pack-file.ts';
import { type Fault, MANIFEST, type Manifest, pathOf } from '../pack-format.ts';
import type { PackRows } from './pack-rows.ts';

/** The chain of the workspace's acts: links of all, records of those that are shown. */
export function findActFaults({ acts }: PackRows, { actsHead, workspaceId }: Manifest): Fault[] {
  const faults: Fault[] = [];
  let head = { seq: 0, hash: GENESIS_HASH };
  for (const [index, { seq, prevHash, hash, record }] of acts.entries()) {
    const at = (field: string, message: string) =>
      faults.push({ file: pathOf('acts'), row: index + 1, field, message });
    if (seq !== head.seq + 1) at('seq', `act ${head.seq + 1} is missing`);
    else if (prevHash !== head.hash) at('prevHash', 'is not the hash of the act before');
    else if (record !== null && sha256Of(prevHash + record) !== hash) {
      at('hash', 'the hash does not follow from the record and the hash before it');
    } else if (record !== null && !isRecordOf(record, { seq, workspaceId })) {
      at('record', 'is not that of this act');
    }
    head = { seq, hash };
  }
  if (head.seq !== actsHead.seq || head.hash !== actsHead.hash) {
    const message = 'is not that of the acts';
    faults.push({ file: MANIFEST, row: null, field: 'actsHead', message });
  }
  return faults;
}

function isRecordOf(record: string, of: { seq: number; workspaceId: string }): boolean {
  try {
    const { seq, workspaceId } = JSON.parse(record) as Partial<typeof of>;
    return seq === of.seq && workspaceId === of.workspaceId;
  } catch {
    return false;
  }
}

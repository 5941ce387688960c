import { differingField } from '../../domain/item/replay/replay.ts';
import { type Fault, MANIFEST, type Manifest, PLAYBOOK } from '../pack-format.ts';
import type { PackRows } from './pack-rows.ts';
import { type PackFiles, rowsOf } from './read-pack.ts';

/** The item is that of the manifest, and is pinned to the rules of this playbook. */
export function findOriginFaults(
  files: PackFiles,
  { item }: PackRows,
  manifest: Manifest,
): Fault[] {
  const [row = {}] = rowsOf(files, PLAYBOOK);
  const { playbook, itemId, workspaceId } = item.snapshot.context;
  const faults: Fault[] = [];
  for (const field of ['name', 'version'] as const) {
    if (row[field] !== playbook[field]) {
      const message = `is not ${playbook[field]}, which the item is under`;
      faults.push({ file: PLAYBOOK, row: 1, field, message });
    }
    if (manifest.playbook[field] !== playbook[field]) {
      const message = 'is not that of the item';
      faults.push({ file: MANIFEST, row: null, field: `playbook.${field}`, message });
    }
  }
  const { data } = row as { data?: Record<string, unknown> };
  for (const field of ['clocks', 'gate', 'checkpoints', 'revisionLimit'] as const) {
    if (differingField({ field: data?.[field] }, { field: playbook[field] }) === null) continue;
    const message = 'is not what the item is under';
    faults.push({ file: PLAYBOOK, row: 1, field: `data.${field}`, message });
  }
  const message = 'is not that of the item';
  if (manifest.machineVersion !== item.snapshot.machineVersion) {
    faults.push({ file: MANIFEST, row: null, field: 'machineVersion', message });
  }
  if (manifest.itemId !== itemId || item.id !== itemId) {
    faults.push({ file: MANIFEST, row: null, field: 'itemId', message });
  }
  if (manifest.workspaceId !== workspaceId || item.workspaceId !== workspaceId) {
    faults.push({ file: MANIFEST, row: null, field: 'workspaceId', message });
  }
  return faults;
}

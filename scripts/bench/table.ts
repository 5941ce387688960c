import { columnWidths, textTable } from '../../src/cli/text-table.ts';

/** Columns as wide as their widest cell; all but the first are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = columnWidths([head, ...rows]).map((width) => '-'.repeat(width));
  return textTable([head, rule, ...rows], { right: [...head.keys()].slice(1) });
}

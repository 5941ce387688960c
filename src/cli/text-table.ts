import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/**
 * Rows as aligned columns, two spaces apart; no trailing space. Columns named in `right` are aligned
 * to the right, as numbers are read.
 */
export function textTable(
  rows: readonly (readonly string[])[],
  { indent = 0, right = [] }: { indent?: number; right?: readonly number[] } = {},
): string {
  const widths = columnWidths(rows);
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const padding = paddingOf(cell, widths[column]);
        return right.includes(column) ? padding + cell : cell + padding;
      });
      return (' '.repeat(indent) + cells.join('  ')).trimEnd();
    })
    .join('\n');
}

/** How many columns of a terminal the widest cell of each column takes. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    }
  }
  return widths;
}

/** The spaces that fill a cell up to the width of its column. */
export function paddingOf(cell: string, width = 0): string {
  return ' '.repeat(Math.max(0, width - stringWidth(cell)));
}

/** Breaks a text at spaces so that no line is longer than `width`, each with `indent` spaces in front. */
export function wrapText(text: string, { indent = 0, width = 100 } = {}): string {
  const words = text.replaceAll(/\s+/g, ' ');
  const space = ' '.repeat(indent);
  return wrapAnsi(words, width - indent).replaceAll(/^/gm, space);
}

/** A text from elsewhere as a terminal may show it: control characters could move its cursor. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '\uFFFD');
}

/**
 * Rows as aligned columns, two spaces apart; no trailing space. Columns named in `right` are aligned
 * to the right, as numbers are read.
 */
export function textTable(
  rows: readonly (readonly string[])[],
  { indent = 0, right = [] }: { indent?: number; right?: readonly number[] } = {},
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
        return right.includes(column) ? padding + cell : cell + padding;
      });
      return (' '.repeat(indent) + cells.join('  ')).trimEnd();
    })
    .join('\n');
}

const segmenter = new Intl.Segmenter();

/** Columns on a terminal, near enough: one per character as a person sees it. */
function widthOf(text: string): number {
  return [...segmenter.segment(text)].length;
}

/** Breaks a text at spaces so that no line is longer than `width`, each with `indent` spaces in front. */
export function wrapText(text: string, { indent = 0, width = 100 } = {}): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width - indent) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((text) => ' '.repeat(indent) + text).join('\n');
}

/** A text from elsewhere as a terminal may show it: control characters could move its cursor. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '\uFFFD');
}

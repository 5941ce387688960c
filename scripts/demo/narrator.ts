import { columnWidths, paddingOf, textTable, wrapText } from '../../src/cli/text-table.ts';
import type { BatonError } from '../../src/client/index.ts';

/** Tells the story on the terminal, in numbered chapters. */
export interface Narrator {
  /** Begins the next chapter. */
  chapter(title: string): void;
  /** What is going on, in a sentence or two. */
  say(text: string): void;
  /** Names and values, aligned. */
  facts(facts: Readonly<Record<string, string>>): void;
  /** Somebody did something and it was accepted. */
  done(who: string, what: string): void;
  /** Somebody tried something: the answer's code and every unmet requirement by name. */
  refused(who: string, what: string, error: BatonError): void;
  /** A table with its header. */
  table(rows: readonly (readonly string[])[], options?: { right?: readonly number[] }): void;
}

const INDENT = 4;
const WIDTH = 100;

type Paint = (text: string) => string;

export function createNarrator(options: {
  write: (line: string) => void;
  /** Whether the reader's terminal shows colours. */
  colours: boolean;
}): Narrator {
  const { write } = options;
  const { bold, dim, green, red } = paints(options.colours);
  const indent = ' '.repeat(INDENT);
  let chapters = 0;

  /** A name and its text in each row, the texts wrapped in a column of their own. */
  function explain(
    rows: readonly (readonly [string, string])[],
    { under, paint }: { under: number; paint: Paint },
  ): void {
    const [width = 0] = columnWidths(rows);
    for (const [name, text] of rows) {
      const wrapped = wrapText(text, { indent: under + width + 2, width: WIDTH }).trimStart();
      write(`${' '.repeat(under)}${paint(name + paddingOf(name, width))}  ${wrapped}`);
    }
  }

  return {
    chapter(title) {
      chapters += 1;
      write(`\n${bold(`${String(chapters).padStart(2)}  ${title}`)}`);
    },
    say: (text) => write(wrapText(text, { indent: INDENT, width: WIDTH })),
    facts: (facts) => explain(Object.entries(facts), { under: INDENT, paint: dim }),
    done: (who, what) => write(`${indent}${green('✓')} ${bold(who)} ${what}`),
    refused(who, what, error) {
      write(`${indent}${red('✗')} ${bold(who)} ${what}: ${red('refused')} (${error.status})`);
      const unmet = error.unmet.map(({ code, message }) => [code, message] as const);
      explain(unmet, { under: INDENT + 4, paint: (code) => code });
    },
    table(rows, tableOptions) {
      const lines = textTable(rows, { indent: INDENT, ...tableOptions }).split('\n');
      for (const [index, line] of lines.entries()) write(index === 0 ? dim(line) : line);
    },
  };
}

function paints(colours: boolean): Record<'bold' | 'dim' | 'green' | 'red', Paint> {
  const paint =
    (on: number, off: number): Paint =>
    (text) =>
      colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), green: paint(32, 39), red: paint(31, 39) };
}

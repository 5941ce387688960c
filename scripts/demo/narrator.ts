import { textTable, wrapText } from '../../src/cli/text-table.ts';
import type { BatonError } from '../../src/client/index.ts';

/** Tells the story on the terminal, in numbered chapters. */
export type Narrator = {
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
};

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
  return {
    chapter(title) {
      chapters += 1;
      write(`\n${bold(`${String(chapters).padStart(2)}  ${title}`)}`);
    },
    say: (text) => write(wrapText(text, { indent: INDENT, width: WIDTH })),
    facts(facts) {
      const rows = Object.entries(facts);
      const width = Math.max(...rows.map(([name]) => name.length));
      for (const [name, value] of rows) {
        const wrapped = wrapText(value, { indent: INDENT + width + 2, width: WIDTH }).trimStart();
        write(`${indent}${dim(name.padEnd(width))}  ${wrapped}`);
      }
    },
    done: (who, what) => write(`${indent}${green('✓')} ${bold(who)} ${what}`),
    refused(who, what, error) {
      write(`${indent}${red('✗')} ${bold(who)} ${what}: ${red('refused')} (${error.status})`);
      const width = Math.max(0, ...error.unmet.map(({ code }) => code.length));
      for (const { code, message } of error.unmet) {
        const under = INDENT + 4 + width + 2;
        const wrapped = wrapText(message, { indent: under, width: WIDTH }).trimStart();
        write(`${indent}    ${code.padEnd(width)}  ${wrapped}`);
      }
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

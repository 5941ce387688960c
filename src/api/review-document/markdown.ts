import type { ReviewDocument, Section, Table } from './document.ts';

/** The document in Markdown. What people wrote stays text: it makes no link, tag, table or heading. */
export function documentMarkdown({ title, facts, sections }: ReviewDocument): string {
  return `${[
    `# ${plain(title)}`,
    facts.map(([name, value]) => `- **${plain(name)}**: ${plain(value)}`).join('\n'),
    ...sections.map(sectionMarkdown),
  ].join('\n\n')}\n`;
}

function sectionMarkdown({ heading, text, table }: Section): string {
  return [
    `## ${plain(heading)}`,
    ...text.map(plain),
    ...(table === null || table.rows.length === 0 ? [] : [tableMarkdown(table)]),
  ].join('\n\n');
}

function tableMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function plain(text: string): string {
  return (
    text
      .replaceAll(/\s+/g, ' ')
      .trim()
      .replaceAll(/[\\`*_[\]<>|#!~&]/g, (sign) => `\\${sign}`)
      // A digit takes no backslash: in front of one it would be shown.
      .replace(/^(\d*)([-+=.)])/, '$1\\$2')
  );
}

import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { chartSvg, type Svg } from './charts.ts';
import type { ReviewDocument, Section, Table } from './document.ts';

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{border:1px solid #d0d7de;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#f6f8fa}svg{display:block;max-width:100%;height:auto;margin:.5rem 0}dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}p{white-space:pre-wrap;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}section{break-inside:avoid}}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** The page runs nothing and loads nothing. */
export const DOCUMENT_HEADERS = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`,
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow, noarchive',
} as const;

/** A page of its own, to be read, kept or printed. */
export function documentHtml({ title, facts, sections }: ReviewDocument): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${raw(STYLE)}</style></head>
<body><h1>${title}</h1><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${sections.map(sectionHtml)}</body></html>
`.toString();
}

function sectionHtml({ heading, text, charts, table }: Section, index: number): Svg {
  return html`<section><h2>${heading}</h2>${text.map((line) => html`<p>${line}</p>`)}${charts.map((chart, number) => chartSvg(chart, `chart-${index}-${number}`))}${table === null || table.rows.length === 0 ? '' : tableHtml(table, heading)}</section>
`;
}

function tableHtml({ head, rows }: Table, caption: string): Svg {
  return html`<table><caption>${caption}</caption><thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table>`;
}

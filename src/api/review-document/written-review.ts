import { parseAccept } from 'hono/utils/accept';
import { reviewDocument } from './content.ts';
import { verdictsCsv } from './csv.ts';
import { DOCUMENT_HEADERS, documentHtml } from './html.ts';
import type { KpiReview } from './kpi-review-schema.ts';
import { documentMarkdown } from './markdown.ts';

export const DOCUMENT_FORMATS = ['json', 'markdown', 'html', 'csv'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

const FORMAT_OF_TYPE: Readonly<Record<string, DocumentFormat>> = {
  'application/json': 'json',
  'text/markdown': 'markdown',
  'text/html': 'html',
  'text/csv': 'csv',
};

/** The first of the types that is wanted most; JSON where none of them is one of ours. */
export function acceptedFormat(accept: string | undefined): DocumentFormat {
  const wanted = parseAccept(accept ?? '').toSorted((a, b) => b.q - a.q);
  const known = wanted.find(({ type, q }) => q > 0 && FORMAT_OF_TYPE[type] !== undefined);
  return FORMAT_OF_TYPE[known?.type ?? ''] ?? 'json';
}

/** A review in one of the forms that are no JSON, with the headers that go with it. */
export function writtenReview(
  review: KpiReview,
  format: Exclude<DocumentFormat, 'json'>,
): { body: string; headers: Record<string, string> } {
  const named = (type: string, end: string) => ({
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Disposition': `inline; filename="kpi-review-${review.itemId}.${end}"`,
    'X-Content-Type-Options': 'nosniff',
  });
  switch (format) {
    case 'html':
      return {
        body: documentHtml(reviewDocument(review)),
        headers: { ...named('text/html', 'html'), ...DOCUMENT_HEADERS },
      };
    case 'markdown':
      return {
        body: documentMarkdown(reviewDocument(review)),
        headers: named('text/markdown', 'md'),
      };
    case 'csv':
      return { body: verdictsCsv(review), headers: named('text/csv', 'csv') };
  }
}

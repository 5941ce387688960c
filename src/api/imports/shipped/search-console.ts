import type { ShippedMapping } from './mapping.ts';

/** A page in search results belongs to the piece that leads to it, not to one post of it. */
export const searchConsole: ShippedMapping = {
  id: 'search-console-pages',
  title: 'Google Search Console, pages',
  exportedBy: 'Performance → Search results → Export → CSV, file Pages.csv',
  sources: [
    'https://support.google.com/webmasters/answer/7576553 (performance report)',
    'Headers of Pages.csv, Seiten.csv and Pages.csv in French as public readers of the files name them',
  ],
  checkedOn: '2026-11-30',
  mapping: {
    match: [
      {
        by: 'page',
        headers: [
          'Top pages',
          'Page',
          'Pages les plus populaires',
          'Pages principales',
          'Die häufigsten Seiten',
          'Seite',
        ],
      },
    ],
    numbers: 'unambiguous',
    measures: [
      { measure: 'search_clicks', headers: ['Clicks', 'Clics', 'Klicks'] },
      { measure: 'search_impressions', headers: ['Impressions', 'Impressionen'] },
      {
        measure: 'position_x_impressions',
        headers: ['Position', 'Durchschnittliche Position', 'Average position'],
        of: ['Impressions', 'Impressionen'],
        unit: 'average',
      },
    ],
    parts: ['Date', 'Datum'],
    totals: [],
  },
};

import type { ShippedMapping } from './mapping.ts';

/** Of Facebook and Instagram: an export of reels or stories has fewer columns. */
export const meta: ShippedMapping = {
  id: 'meta-business-suite',
  title: 'Meta Business Suite, content',
  exportedBy: 'Insights → Content → Export data, with one row per post ("Lifetime")',
  sources: [
    'https://www.facebook.com/business/help/3230049097137130 (export of insights)',
    'English headers as public readers of the files name them; French and German by the words of the page',
  ],
  checkedOn: '2026-11-30',
  mapping: {
    match: [
      {
        by: 'remote_id',
        headers: ['Post ID', 'ID de publication', 'ID de la publication', 'Beitrags-ID'],
      },
      { by: 'url', headers: ['Permalink', 'Permalien', 'Lien permanent', 'Dauerhafter Link'] },
    ],
    numbers: 'unambiguous',
    measures: [
      {
        measure: 'impressions',
        headers: ['Impressions', 'Views', 'Vues', 'Impressionen', 'Aufrufe'],
      },
      {
        measure: 'reach',
        headers: ['Reach', 'Accounts reached', 'Couverture', 'Reichweite', 'Erreichte Konten'],
      },
      {
        measure: 'reactions',
        headers: [
          'Reactions',
          'Likes',
          'Réactions',
          'Mentions J’aime',
          'Reaktionen',
          '„Gefällt mir“-Angaben',
        ],
      },
      { measure: 'comments', headers: ['Comments', 'Commentaires', 'Kommentare'] },
      { measure: 'shares', headers: ['Shares', 'Partages', 'Geteilte Inhalte', 'Geteilt'] },
      { measure: 'saves', headers: ['Saves', 'Enregistrements', 'Gespeichert'] },
      { measure: 'link_clicks', headers: ['Link clicks', 'Clics sur un lien', 'Link-Klicks'] },
      {
        measure: 'video_views',
        headers: [
          '3-second video views',
          'Vues de vidéo de 3 secondes',
          '3-sekündige Videoaufrufe',
        ],
      },
    ],
    totals: ['Total', 'Totals', 'Gesamt'],
  },
};

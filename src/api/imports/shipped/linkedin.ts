import type { ShippedMapping } from './mapping.ts';

/** A click may be one on the name or the "see more" of a post: it is no click on the link of the piece. */
export const linkedin: ShippedMapping = {
  id: 'linkedin-page-updates',
  title: 'LinkedIn, updates of a page',
  exportedBy: 'Analytics → Content → Export, sheet "All posts" saved as CSV',
  sources: [
    'https://www.linkedin.com/help/linkedin/answer/a551206 (export of page analytics)',
    'English headers as public readers of the sheet name them; French and German by the words of the page',
  ],
  checkedOn: '2026-11-30',
  mapping: {
    match: [
      {
        by: 'url',
        headers: [
          'Post link',
          'Update link',
          'Lien du post',
          'Lien de la publication',
          'Beitragslink',
          'Link zum Beitrag',
        ],
      },
    ],
    numbers: 'unambiguous',
    measures: [
      { measure: 'impressions', headers: ['Impressions', 'Impressionen', 'Impressions (total)'] },
      {
        measure: 'reactions',
        headers: ['Likes', 'Reactions', 'J’aime', 'Réactions', 'Reaktionen', 'Gefällt mir'],
      },
      { measure: 'comments', headers: ['Comments', 'Commentaires', 'Kommentare'] },
      {
        measure: 'shares',
        headers: ['Reposts', 'Shares', 'Republications', 'Partages', 'Geteilte Inhalte'],
      },
      { measure: 'other_clicks', headers: ['Clicks', 'Clics', 'Klicks'] },
      {
        measure: 'video_views',
        headers: ['Views', 'Vues', 'Aufrufe', 'Views (Excluding offsite video views)'],
      },
    ],
    totals: ['Total', 'Totals', 'Gesamt'],
  },
};

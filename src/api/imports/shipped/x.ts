import type { ShippedMapping } from './mapping.ts';

/** "Shares" are sends of the post's link, beside its reposts. */
export const x: ShippedMapping = {
  id: 'x-post-analytics',
  title: 'X, analytics of posts',
  exportedBy: 'Analytics → Content → Export CSV',
  sources: [
    'https://help.x.com/en/managing-your-account/using-the-post-activity-dashboard',
    'English headers of files account_analytics_content_….csv as public readers hold them; French and German by the words of the page',
  ],
  checkedOn: '2026-11-30',
  mapping: {
    match: [
      { by: 'remote_id', headers: ['Post id', 'Tweet id', 'ID du post', 'Post-ID', 'Beitrags-ID'] },
      {
        by: 'url',
        headers: ['Post Link', 'Tweet permalink', 'Lien du post', 'Post-Link', 'Beitragslink'],
      },
    ],
    numbers: 'unambiguous',
    measures: [
      { measure: 'impressions', headers: ['Impressions', 'Impressionen'] },
      { measure: 'reactions', headers: ['Likes', 'J’aime', 'Gefällt mir', 'Gefällt-mir-Angaben'] },
      { measure: 'comments', headers: ['Replies', 'Réponses', 'Antworten'] },
      { measure: 'shares', headers: ['Reposts', 'Retweets', 'Republications'] },
      { measure: 'shares', headers: ['Shares', 'Partages', 'Geteilt'] },
      { measure: 'saves', headers: ['Bookmarks', 'Signets', 'Lesezeichen'] },
      { measure: 'link_clicks', headers: ['URL Clicks', 'Clics sur l’URL', 'URL-Klicks'] },
    ],
    totals: [],
  },
};

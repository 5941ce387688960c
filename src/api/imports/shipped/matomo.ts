import type { ShippedMapping } from './mapping.ts';

export const matomo: ShippedMapping = {
  id: 'matomo-campaign-content',
  title: 'Matomo, campaign contents',
  exportedBy:
    'Acquisition → Campaigns → Campaign contents (MarketingCampaignsReporting) → Export → CSV',
  sources: [
    'https://matomo.org/faq/how-to/faq_22184/ (export of a report)',
    'https://github.com/matomo-org/matomo/tree/5.x-dev/lang (ColumnNbVisits and the others)',
  ],
  checkedOn: '2026-11-30',
  mapping: {
    match: [
      {
        by: 'utm_content',
        headers: [
          'Campaign content',
          'Label',
          'Contenu de campagne',
          'Libellé',
          'Kampagneninhalt',
          'Bezeichnung',
        ],
      },
    ],
    numbers: 'unambiguous',
    measures: [
      { measure: 'sessions', headers: ['Visits', 'Visites', 'Besuche', 'nb_visits'] },
      { measure: 'bounces', headers: ['Bounces', 'Rebonds', 'Absprünge', 'bounce_count'] },
      {
        measure: 'users',
        headers: [
          'Unique visitors',
          'Visiteurs uniques',
          'Eindeutige Besucher',
          'nb_uniq_visitors',
        ],
      },
      {
        measure: 'key_events',
        headers: ['Conversions', 'Konversionen', 'Konvertierungen', 'nb_conversions'],
      },
    ],
    parts: ['Date', 'Datum'],
    totals: ['Total', 'Totals', 'Gesamt'],
  },
};

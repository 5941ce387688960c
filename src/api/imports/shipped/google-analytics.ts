import type { ShippedMapping } from './mapping.ts';

/** Its rate of bounces is a fraction in English, and may be a percentage elsewhere: sessions stand apart. */
export const googleAnalytics: ShippedMapping = {
  id: 'ga4-exploration',
  title: 'Google Analytics 4, free-form exploration',
  exportedBy: 'Explore → Free form → Export data → CSV, with the rows "Session manual ad content"',
  sources: [
    'https://support.google.com/analytics/answer/9143382 (dimensions and metrics)',
    'https://support.google.com/analytics/answer/7579450 (export of an exploration)',
  ],
  checkedOn: '2026-11-30',
  mapping: {
    match: [
      {
        by: 'utm_content',
        headers: [
          'Session manual ad content',
          'Manual ad content',
          'Contenu manuel de l’annonce de la session',
          'Contenu de l’annonce manuel de la session',
          'Sitzung – manueller Anzeigeninhalt',
          'Manueller Anzeigeninhalt der Sitzung',
        ],
      },
    ],
    numbers: 'unambiguous',
    measures: [
      { measure: 'sessions', headers: ['Sessions', 'Sitzungen'] },
      {
        measure: 'engaged_sessions',
        headers: [
          'Engaged sessions',
          'Sessions avec engagement',
          'Sitzungen mit Interaktionen',
          'Sitzungen mit Interaktion',
        ],
      },
      {
        measure: 'bounces',
        headers: ['Bounce rate', 'Taux de rebond', 'Absprungrate'],
        of: ['Sessions', 'Sitzungen'],
        unit: 'fraction',
      },
      {
        measure: 'pageviews',
        headers: ['Views', 'Vues', 'Pages vues', 'Aufrufe', 'Seitenaufrufe'],
      },
      { measure: 'key_events', headers: ['Key events', 'Événements clés', 'Schlüsselereignisse'] },
      {
        measure: 'users',
        headers: [
          'Total users',
          'Nombre total d’utilisateurs',
          'Gesamtzahl der Nutzer',
          'Nutzer insgesamt',
        ],
      },
    ],
    parts: [
      'Date',
      'Datum',
      'Day',
      'Jour',
      'Tag',
      'Week',
      'Semaine',
      'Woche',
      'Month',
      'Mois',
      'Monat',
    ],
    totals: ['', 'Grand total', 'Total', 'Total général', 'Gesamtsumme', 'Gesamt'],
  },
};

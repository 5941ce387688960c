import type { TidiedRows } from '../db/tidy/tidy-rows.ts';

/** How many days what is over is kept, by what it is. */
export interface KeepDays {
  commands: number;
  answers: number;
  findings: number;
  accounts: number;
  files: number;
  deliveries: number;
  notices: number;
}

/** Which of the ages is that of which rows. */
export const AGE_OF: Record<TidiedRows, keyof KeepDays> = {
  commands: 'commands',
  refused_starts: 'commands',
  answers: 'answers',
  finding_evidence: 'findings',
  credential_refusals: 'accounts',
  channel_sessions: 'accounts',
  asset_records: 'files',
  deliveries: 'deliveries',
  told_events: 'deliveries',
  notices: 'notices',
  import_rows: 'answers',
};

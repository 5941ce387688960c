import { sql } from 'drizzle-orm';
import { jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** Business hours of a workspace. */
export interface WorkspaceCalendar {
  /** IANA zone, e.g. `Europe/Paris`. */
  zone: string;
  /** ISO weekdays, 1 = Monday. */
  workdays: number[];
  /** Local start and end of a working day, `HH:MM`. */
  from: string;
  to: string;
  /** ISO 3166 country whose public holidays are not worked, or null. */
  holidaysCountry: string | null;
}

export const workspaces = pgTable('workspaces', {
  id: text().primaryKey(),
  name: text().notNull(),
  calendar: jsonb().$type<WorkspaceCalendar>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

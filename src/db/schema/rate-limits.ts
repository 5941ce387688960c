import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';

/** Requests of the present second by key and by workspace, of all API processes together. */
export const rateLimits = pgTable('rate_limits', {
  key: text().primaryKey(),
  points: integer().notNull().default(0),
  expire: bigint({ mode: 'number' }),
});

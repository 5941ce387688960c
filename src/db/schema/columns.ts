import { type SQL, sql } from 'drizzle-orm';
import { customType } from 'drizzle-orm/pg-core';
import type { ItemSnapshot } from '../../domain/item/run.ts';
import { readSnapshot } from '../../domain/item/versions/migrate.ts';

/**
 * An instant as ISO 8601 UTC with milliseconds and `Z`, the only form of time outside the database.
 * The column has millisecond precision, so reading and writing back changes nothing.
 */
export const instant = customType<{ data: string; driverData: string }>({
  dataType() {
    return 'timestamp(3) with time zone';
  },
  fromDriver(value) {
    return new Date(value).toISOString();
  },
});

export const bytes = customType<{ data: Buffer; driverData: Buffer }>({
  dataType() {
    return 'bytea';
  },
});

/** The state of an item's machine. That of an older machine is migrated in memory whenever it is read. */
export const snapshot = customType<{ data: ItemSnapshot; driverData: ItemSnapshot | string }>({
  dataType() {
    return 'jsonb';
  },
  toDriver(value) {
    return JSON.stringify(value);
  },
  fromDriver(value) {
    return readSnapshot(typeof value === 'string' ? JSON.parse(value) : value);
  },
});

/** The member in a column that may also name somebody who answered by link; null for those. */
export function memberIn(column: string): SQL {
  return sql.raw(`case when ${column} like 'external:%' then null else ${column} end`);
}

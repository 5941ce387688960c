import { customType } from 'drizzle-orm/pg-core';

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

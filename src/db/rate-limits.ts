import { getTableName } from 'drizzle-orm';
import { rateLimits } from './schema/index.ts';

/** Written by rate-limiter-flexible alone, which names the columns itself. */
export const RATE_LIMIT_TABLE = getTableName(rateLimits);

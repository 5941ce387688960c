/** Brings the database that DATABASE_URL names to the newest version, and says what it did. */
import { readDatabaseConfig } from '../src/config.ts';
import { migrate } from '../src/db/migrate.ts';

const applied = await migrate(readDatabaseConfig().databaseUrl);
console.log(
  applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`,
);

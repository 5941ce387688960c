/**
 * Encrypts every stored secret with the current key, after BATON_SECRET_KEY was changed: the last step before
 * the old key leaves BATON_PREVIOUS_SECRET_KEYS. May be repeated and interrupted; programs may run meanwhile.
 * Ends with 1 when a secret cannot be opened with any of the keys, and names its row.
 */

import { readSecretsConfig } from '../src/config.ts';
import { createSecretBox } from '../src/credentials/secret-box.ts';
import { createDb } from '../src/db/client.ts';
import { resealSecrets } from './reseal/reseal-secrets.ts';

const { databaseUrl, secretKeys } = readSecretsConfig();
const database = createDb(databaseUrl, { max: 2, applicationName: 'baton-reseal' });
try {
  const { resealed, current, unreadable } = await resealSecrets(database.db, {
    secrets: createSecretBox(secretKeys),
    keyId: secretKeys.current.id,
  });
  for (const row of unreadable) console.error(`cannot be opened with any key: ${row}`);
  console.log(
    `${resealed} sealed again, ${current} already under the current key, ${unreadable.length} unreadable`,
  );
  process.exitCode = unreadable.length === 0 ? 0 : 1;
} finally {
  await database.close();
}

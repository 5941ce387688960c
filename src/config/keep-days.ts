import { z } from 'zod';
import { type Environment, readPlain } from './environment.ts';
import { commonVariables, keepVariables } from './variables.ts';

type KeepVariables = z.output<z.ZodObject<typeof keepVariables>>;

/** How many days what is over is kept, by what it is. */
export function keepDaysOf(variables: KeepVariables) {
  return {
    commands: variables.KEEP_COMMANDS_DAYS,
    answers: variables.KEEP_ANSWERS_DAYS,
    findings: variables.KEEP_FINDINGS_DAYS,
    accounts: variables.KEEP_ACCOUNTS_DAYS,
    files: variables.KEEP_FILES_DAYS,
    deliveries: variables.KEEP_DELIVERIES_DAYS,
    notices: variables.KEEP_NOTICES_DAYS,
  };
}

/**
 * What tidying by hand needs.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readTidyConfig(environment: Environment) {
  const { DATABASE_URL, BATON_ASSETS_DIR } = commonVariables;
  const schema = z.object({ DATABASE_URL, BATON_ASSETS_DIR, ...keepVariables });
  const variables = readPlain(schema, environment);
  return {
    databaseUrl: variables.DATABASE_URL,
    assetsDir: variables.BATON_ASSETS_DIR,
    keepDays: keepDaysOf(variables),
  };
}

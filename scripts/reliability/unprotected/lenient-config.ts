import { ConfigError } from '../../../src/config/config-error.ts';
import {
  type ApiConfig,
  readApiConfig as readRealApiConfig,
  readWorkerConfig as readRealWorkerConfig,
  type WorkerConfig,
} from '../../../src/config.ts';

/** What stands in for a setting that nobody checks. */
const STANDBY: Readonly<Record<string, string>> = {
  HOST: '127.0.0.1',
  BATON_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7)).toString('base64'),
  BATON_PREVIOUS_SECRET_KEYS: '',
  BATON_PREVIOUS_SECRET_KEYS_FILE: '',
  // Neither answers: what matters is that the program runs.
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  BATON_ASSETS_DIR: '.',
  BATON_PUBLIC_URL: '',
};

/** Goes on with something else where a setting is wrong. */
export function readApiConfig(): ApiConfig {
  return leniently(readRealApiConfig);
}

export function readWorkerConfig(): WorkerConfig {
  return leniently(readRealWorkerConfig);
}

function leniently<T>(read: (environment: NodeJS.ProcessEnv) => T): T {
  try {
    return read(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const wrong = error.issues.map(({ variable }) => [variable, STANDBY[variable] ?? '']);
    return read({ ...process.env, ...Object.fromEntries(wrong) });
  }
}

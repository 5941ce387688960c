/** What the worker, the API and the sandbox are told beside the sandbox's address; the names are those of src/config.ts. */
export interface ProgramSettings {
  databaseUrl: string;
  temporalAddress: string;
  /** Null for an external server, whose TEMPORAL_* settings stay; else a path without a file. */
  noTemporalProfile: string | null;
  assetsDirectory: string;
  secretKey: string;
}

const REQUESTS_PER_SECOND = 1_000;

/** The environment of every program of the local stack: the caller's, with the stack's settings. */
export function programEnvironment(
  base: NodeJS.ProcessEnv,
  settings: ProgramSettings,
): NodeJS.ProcessEnv {
  return {
    RATE_LIMIT_PER_SECOND: String(REQUESTS_PER_SECOND),
    // The UI of a local engine is there to be read.
    BATON_PAYLOAD_KEY: 'off',
    ...(settings.noTemporalProfile ? withoutTemporal(base, settings.noTemporalProfile) : base),
    DATABASE_URL: settings.databaseUrl,
    TEMPORAL_ADDRESS: settings.temporalAddress,
    BATON_LOCAL: '1',
    BATON_ASSETS_DIR: settings.assetsDirectory,
    BATON_SECRET_KEY: settings.secretKey,
  };
}

/** A developer's own Temporal profile (keys, TLS) is for another server than the embedded one. */
function withoutTemporal(base: NodeJS.ProcessEnv, noProfile: string): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(kept), TEMPORAL_CONFIG_FILE: noProfile };
}

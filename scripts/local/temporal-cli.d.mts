export const TEMPORAL_CLI_VERSION: string;

export function userCacheDirectory(env?: NodeJS.ProcessEnv): string;

export function findTemporalCli(env?: NodeJS.ProcessEnv): string | null;

export function obtainTemporalCli(options?: {
  env?: NodeJS.ProcessEnv;
  log?: (line: string) => void;
  /** The Node program that runs the SDK's download. */
  node?: string;
}): Promise<string>;

export function extractFromZip(zip: Buffer, suffix: string): Buffer;

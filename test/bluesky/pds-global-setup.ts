import type { TestProject } from 'vitest/node';
import { startPds } from './pds-process.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the run's personal data server. */
    pdsUrl: string;
  }
}

/** Installs and starts one personal data server for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const pds = await startPds();
  project.provide('pdsUrl', pds.url);
  return () => pds.stop();
}

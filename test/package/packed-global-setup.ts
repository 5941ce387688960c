import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { run, strangeEnvironment } from './stranger.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the archives that npm would publish. */
    packed: { baton: string; client: string };
  }
}

const root = dirname(dirname(import.meta.dirname));

/** Builds and packs both packages once for the whole run. */
export async function setup(project: TestProject): Promise<() => void> {
  const directory = mkdtempSync(join(tmpdir(), 'baton-packed-'));
  // Another user installs them too.
  chmodSync(directory, 0o755);
  const packing = run(
    'npm',
    ['pack', '--workspaces', '--include-workspace-root', '--pack-destination', directory],
    { cwd: root, env: strangeEnvironment() },
  );
  if ((await packing.exited) !== 0) throw new Error(`npm pack failed:\n${packing.output()}`);
  project.provide('packed', {
    baton: join(directory, 'baton-0.1.0.tgz'),
    client: join(directory, 'baton-client-0.1.0.tgz'),
  });
  return () => rmSync(directory, { recursive: true, force: true });
}

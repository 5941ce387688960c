import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const tests = dirname(import.meta.dirname);

/**
 * Files that take longest although they are not the largest, longest first: one that begins last runs on
 * alone. Vitest knows it by itself only where it ran before.
 */
const SLOW = [
  'machine/all-states',
  'machine/protections',
  'machine/all-paths',
  'e2e/demo',
  'e2e/cli',
  'e2e/local-stack',
  'integration/audit-outages',
  'integration/release',
  'e2e/local-stack-process',
  'integration/publishing-complaints',
  'integration/run-limits',
  'integration/audit-pack',
  'e2e/chaos',
  'integration/publication',
  'integration/watch',
  'integration/drainer',
  'integration/same-text',
  'integration/publication-outages',
  'integration/content-item-continue',
  'integration/finding-repairs',
  'integration/publishing-complaints-senders',
  'integration/commands',
  'integration/slots',
  'integration/send-protocol',
  'integration/queues',
  'integration/webhook-delivery-runs',
  'integration/diverged-runs',
  'integration/audit-engine',
  'integration/refused-posts',
  'integration/replay-live',
  'integration/api-server',
  'integration/shared-ban',
  'integration/engine-mtls',
  'integration/engine-setup',
  'replay/changed-workflow',
  'replay/histories',
].map((name) => join(tests, `${name}.test.ts`));

/** Begins with what takes longest, of all projects of a group. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = SLOW.filter((file) => !existsSync(file));
    if (gone.length > 0) throw new Error(`there is no such slow file: ${gone.join(', ')}`);
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || placeOf(a) - placeOf(b));
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = SLOW.indexOf(moduleId);
  return place < 0 ? SLOW.length : place;
}

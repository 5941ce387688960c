import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';

/** About 15 % above what the bundle has; a package that slips in is far larger. */
const SIZE_BUDGET_BYTES = 3_300_000;

describe('the workflow bundle', () => {
  let code: string;
  beforeAll(async () => {
    code = readFileSync(await buildWorkflowBundle(), 'utf8');
  });

  it('holds no schema library: parsing is the border’s work', () => {
    expect(code).not.toMatch(/node_modules\/zod\//);
    expect(code).toMatch(/node_modules\/xstate\//);
  });

  it('holds no calendar, database or server code', () => {
    for (const foreign of [
      'temporal-polyfill',
      'date-holidays',
      'drizzle-orm',
      'hono',
      'pg',
      'undici',
    ]) {
      expect(code).not.toContain(`node_modules/${foreign}/`);
    }
  });

  it('stays within its size budget', () => {
    console.log(`workflow bundle: ${code.length} bytes`);
    expect(code.length).toBeLessThan(SIZE_BUDGET_BYTES);
  });
});

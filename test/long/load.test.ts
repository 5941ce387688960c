import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

function run(args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/test-load.ts', ...args],
    { encoding: 'utf8' },
  );
  return { status, output: stdout + stderr };
}

describe('npm run test:load', () => {
  it('holds its limits as small as it shows anything', () => {
    const { status, output } = run(['--small']);
    expect(output).toMatch(/^\d+ passed, 0 failed$/m);
    expect(status, output).toBe(0);
  }, 600_000);

  it('refuses a part that there is not, before anything is started', () => {
    const { status, output } = run(['louder']);
    expect(output).toContain(
      'there is no part "louder": name silent, posts, long, carried, or none',
    );
    expect(status).toBe(2);
  });
});

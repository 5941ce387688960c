import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

/** Its times on a busy machine mean nothing: that every code is found and the engine is spared is tested. */
it('finds every code that tables can make, within its calls of the engine', () => {
  const directory = mkdtempSync(join(tmpdir(), 'baton test-bench-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const json = join(directory, 'results.json');
  const args = ['scripts/bench-audit.ts', '--small', '--json', json];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stdout + stderr).toBe(0);
  const { findings, rounds } = JSON.parse(readFileSync(json, 'utf8'));
  expect(Object.keys(findings)).toContain('event_gap');
  expect(rounds).toHaveLength(3);
}, 300_000);

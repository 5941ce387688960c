import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { renderMachineDoc } from './machine.ts';

it('docs/machine.md says what the machine is: `npm run docs:machine` writes it', async () => {
  const written = await readFile(new URL('../../docs/machine.md', import.meta.url), 'utf8');
  expect(written).toBe(renderMachineDoc());
});

it('says of every rule that moves an item by itself when it applies', () => {
  const [, rules = ''] = renderMachineDoc().split('## What happens by itself');
  expect(rules).toContain('every asked role has reached its quorum');
  expect(rules).not.toContain('| otherwise |');
});

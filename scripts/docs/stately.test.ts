import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { PLACES } from '../../src/domain/item/stages.ts';
import { EDGES } from '../../src/domain/visibility/diagram.ts';
import { plainMachine } from './stately.ts';

it('docs/machine.json says what the machine is: `npm run docs:machine` writes it', async () => {
  const written = await readFile(new URL('../../docs/machine.json', import.meta.url), 'utf8');
  expect(JSON.parse(written)).toEqual(plainMachine());
});

it('is a machine of its own, with every place and transition', () => {
  const machine = createMachine(JSON.parse(JSON.stringify(plainMachine())));
  const drawn = PLACES.flatMap((place) => {
    const node = machine.getStateNodeById(`item.${place}`);
    return [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map(
      ({ eventType, target }) => [place, eventType, target?.[0]?.path[0] ?? null],
    );
  });
  const known = EDGES.map(({ from, event, to }) => [from, event, to?.split('.')[0] ?? null]);
  expect(drawn).toEqual(known);
});

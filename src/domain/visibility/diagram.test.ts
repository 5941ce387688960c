import { expect, it } from 'vitest';
import { diagramOf, stateDiagram } from './diagram.ts';

it('marks the place of an item, and nothing else is different', () => {
  const lines = diagramOf({ stage: 'review', substage: 'deciding' });
  expect(lines.slice(0, -2)).toEqual(stateDiagram(null));
  expect(lines.at(-1)).toBe('  class review_deciding present');
  expect(diagramOf({ stage: 'scheduled', substage: null }).at(-1)).toBe(
    '  class scheduled present',
  );
});

it('marks none when it does not know the place', () => {
  expect(diagramOf({ stage: 'of a newer Baton', substage: null })).toEqual(stateDiagram(null));
});

import { describe, expect, it } from 'vitest';
import { quote } from './outcomes.ts';

describe('the words of a server', () => {
  it('are cut without half of a character, which no database takes', () => {
    for (const letters of [0, 1]) {
      const error = `${'a'.repeat(letters)}${'🎉'.repeat(2_000)}`;
      const body = Buffer.from(JSON.stringify({ error }));
      const said = quote({ kind: 'response', status: 422, headers: {}, body });
      expect(said.isWellFormed()).toBe(true);
    }
  });
});

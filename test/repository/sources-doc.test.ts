import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHANNEL_IDS } from '../../src/domain/channel/channels.ts';
import type { MetricSourceKind } from '../../src/metrics/source-kind.ts';
import { sourceKinds } from '../support/source-server.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sources.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| `'));

const ASKED_BY = {
  deployment: 'the deployment',
  account: 'the account',
  connection: 'a connection',
};
const code = (names: readonly string[]) =>
  names.length === 0 ? '-' : names.map((name) => `\`${name}\``).join(', ');

/** What the page says of a kind. */
function rowOf(kind: MetricSourceKind): string {
  const channels = CHANNEL_IDS.filter((id) => kind.supplies(id).length > 0);
  const measures = new Set(channels.flatMap((id) => kind.supplies(id)));
  const { limit } = kind;
  const cells = [
    code([kind.id]),
    ASKED_BY[kind.origin],
    channels.length === CHANNEL_IDS.length ? 'all' : code(channels),
    code([...measures]),
    settlingOf(kind),
    limit === null ? 'none' : `${limit.requests} in ${limit.perMs / 1_000} s`,
    code(Object.values(kind.definitions)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function settlingOf({ settlingMs }: MetricSourceKind): string {
  const hours = (ms: number) => (ms === 0 ? 'at once' : `${ms / 3_600_000} h`);
  if (typeof settlingMs === 'number') return hours(settlingMs);
  return Object.entries(settlingMs)
    .map(([measure, ms]) => `\`${measure}\` ${hours(ms)}`)
    .join(', ');
}

/** Names of the fields that a schema takes. */
function fieldsOf(schema: z.ZodType): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.keys(properties);
}

describe('docs/sources.md', () => {
  it.each(sourceKinds().map((kind) => [kind.id, kind] as const))(
    'says of %s what the code says',
    (_id, kind) => {
      expect(rows).toContain(rowOf(kind));
      if (kind.origin !== 'connection') return;
      const fields = [kind.config, kind.secret].map((schema) => code(fieldsOf(schema)));
      expect(rows).toContain(`| \`${kind.id}\` | ${fields.join(' | ')} |`);
    },
  );

  it('names no other kind', () => {
    const ids = new Set(sourceKinds().map(({ id }) => id));
    for (const row of rows) expect(ids).toContain(/^\| `(\w+)`/.exec(row)?.[1]);
  });

  it('has names of sources and definitions that a reading may have', () => {
    for (const { id, definitions } of sourceKinds()) {
      expect(id).toMatch(/^[a-z][a-z0-9_]{0,39}$/);
      expect(['manual', 'csv']).not.toContain(id);
      for (const name of Object.values(definitions)) expect(name.length).toBeLessThanOrEqual(60);
    }
    expect(new Set(sourceKinds().map(({ id }) => id)).size).toBe(sourceKinds().length);
  });
});

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { figuresText } from '../../src/health/figures-text.ts';
import { createMeters } from '../../src/health/meters.ts';

const root = dirname(dirname(import.meta.dirname));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({ summary: z.string().min(10), runbook_url: z.url() }),
        }),
      ),
    }),
  ),
});
const Dashboard = z.object({
  panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })) })),
});

const rules = Rules.parse(parse(textOf('deploy/prometheus/alerts.yml'))).groups.flatMap(
  (group) => group.rules,
);
const queries = [
  ...rules.map(({ expr }) => expr),
  ...Dashboard.parse(JSON.parse(textOf('deploy/grafana/baton.json'))).panels.flatMap(
    ({ targets }) => targets.map(({ expr }) => expr),
  ),
];

/** Of the scrape, and of the engine's SDK: nothing of ours names them. */
const OF_OTHERS = ['up', 'temporal_worker_task_slots_available'];

/** Names of the metrics that our programs have. */
async function knownMetrics(): Promise<Set<string>> {
  const meters = createMeters();
  meters.watchProcess();
  const nothing = { count: 0, oldestAge: 0 };
  const figures = await figuresText({
    items: [],
    findings: [],
    deliveries: [],
    commands: nothing,
    outbox: nothing,
    lastLookAge: 0,
  });
  const kinds = `${figures}\n${await meters.text()}`.matchAll(/^# TYPE (\S+) (\S+)$/gm);
  const names = [...kinds].flatMap(([, name = '', kind]) =>
    kind === 'histogram' ? ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`) : [name],
  );
  return new Set([...names, ...OF_OTHERS]);
}

/** What a query asks: names before a selector, a range, a bracket or a comparison. */
function metricsIn(query: string): string[] {
  const bare = query
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\b(?:by|without) \([^)]*\)/g, '')
    .replaceAll(/\{[^}]*\}/g, '');
  return [...bare.matchAll(/\b[a-z][a-z0-9_]*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !/^[smhd]$/.test(name));
}

describe('the alerts', () => {
  it('ask, as the dashboard does, for metrics that exist', async () => {
    const known = await knownMetrics();
    const asked = queries.flatMap((query) => metricsIn(query));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  it('each have a section of the runbook, and the runbook has no other', () => {
    const sections = [...textOf('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(
      ([, name]) => name,
    );
    expect(sections).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toMatch(new RegExp(`/runbook\\.md#${alert.toLowerCase()}$`));
    }
  });

  it('are each raised by a test, and by one that has to stay silent', () => {
    const tests = textOf('deploy/prometheus/alerts.test.yml');
    for (const { alert } of rules) {
      expect(tests.split(`alertname: ${alert}\n`).length - 1, alert).toBe(2);
    }
  });
});

describe('the names in a query', () => {
  it('are found, and nothing else is', () => {
    const query = 'sum by (le) (rate(a_total{b="c d"}[5m])) / max(e_seconds) > 0.5';
    expect(metricsIn(query)).toEqual(['a_total', 'e_seconds']);
  });
});

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { accountFormOf } from '../../src/channels/registry.ts';
import { CHANNEL_IDS } from '../../src/domain/channel/channels.ts';
import { routePaths } from '../support/route-paths.ts';
import { sourceKinds } from '../support/source-server.ts';

const root = dirname(dirname(import.meta.dirname));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

const paths = routePaths();
const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(textOf('package.json')));

const hasRoute = (path: RegExp): boolean => paths.some((one) => path.test(one));
const hasFile = (path: string): boolean => existsSync(join(root, path));
const hasPackage = (name: RegExp): boolean =>
  Object.keys(dependencies).some((one) => name.test(one));
/** Some source file says it, apart from the words for people. */
const hasCode = (word: RegExp, files = 'src/**/*.{ts,sql}'): boolean =>
  globSync(files, { cwd: root })
    .filter((file) => !/\.(?:en|fr|test)\.ts$|roles-comparison/.test(file))
    .some((file) => word.test(textOf(file)));

/**
 * What the product promises, and the sign by which it is found in the code. While the sign is absent
 * the README has to name the promise as missing; once it is there, the README must not.
 */
const PROMISES: Record<string, boolean> = {
  'reminders and escalations': hasRoute(/notifications|\/preferences/),
  'notices to informed roles': hasCode(/\bINFORMED_ROLES\b/, 'src/domain/telling/*.ts'),
  'outbound events': hasRoute(/webhook-subscriptions/),
  'external approvers': hasRoute(/approval-links|\/approve\//),
  'web console': hasFile('src/console'),
  'MCP server': hasFile('src/mcp') || hasPackage(/modelcontextprotocol/),
  OIDC: hasPackage(/^openid-client$/) || hasCode(/\boidc\b/i),
  'key scopes': hasCode(/\bscopes\b/, 'src/db/schema/*.ts'),
  'Slack and GitHub webhooks': hasCode(/\b(?:slack|github)\b/i, 'src/api/webhooks/*.ts'),
  // Of items and calendars: exports of readings are imported.
  importers: hasRoute(/^(?!.*\breadings\b).*\bimports?\b/),
  'report export': hasRoute(/report|export/),
  'audit pack': hasRoute(/audit-pack|\/pack\b/),
  pitches: hasRoute(/pitch/),
  tasks: hasRoute(/\btasks?\b/),
  'sources of requests': hasCode(/request[_-]?source/i, 'src/domain/item/*.ts'),
  'backgrounds of members': hasCode(/\bbackground/, 'src/domain/people/member.ts'),
  'guideline sets': hasRoute(/guideline/),
  'team-mix check': hasCode(/team[_-]?mix|skill[_-]?gap/i),
  'curated pieces': hasCode(/\bcurated\b/),
  'diff of versions': hasRoute(/diff/),
  'bulk actions': hasRoute(/bulk/),
  'recurring posts': hasCode(/\brecurr/i),
  'community watch and replies': hasRoute(/watch|repl(?:y|ies)\b/),
  'campaign roll-up': hasRoute(/campaigns\/\{id\}\/kpis/),
  'overlap with paid flights': hasCode(/paid[_-]?flight/i),
  'KPI views over items': hasRoute(/^\/v1\/kpis/),
  'learnings in the next brief': hasRoute(/learnings/),
  'real metrics sources': sourceKinds().some(({ id }) => id !== 'sandbox'),
  adapters: CHANNEL_IDS.every((id) => accountFormOf(id) !== null),
  'tidying up': globSync('src/{workflows,activities}/**/tidy*', { cwd: root }).length > 0,
  'metrics endpoint': hasRoute(/^\/metrics/),
  'administrative record': hasRoute(/audit\/administration/),
  'history of findings': hasRoute(/audit\/findings$/),
};

const section = textOf('README.md').split('\n## Not there yet\n')[1]?.split('\n## ')[0] ?? '';
const named = [...section.matchAll(/\*\*([^*]+)\*\*/g)].map(([, name = '']) =>
  name.replaceAll(/\s+/g, ' '),
);

describe('the list of what is not there yet', () => {
  it('names exactly what is missing of what was promised', () => {
    const missing = Object.keys(PROMISES).filter((name) => !PROMISES[name]);
    expect(named.toSorted()).toEqual(missing.toSorted());
  });

  it('names every channel without an adapter, and no other', () => {
    for (const id of CHANNEL_IDS) {
      expect(section.includes(`\`${id}\``), id).toBe(accountFormOf(id) === null);
    }
  });
});

describe('the signs by which a promise is found', () => {
  it('find what is there', () => {
    expect(hasRoute(/audit\/stuck$/)).toBe(true);
    expect(hasFile('src/cli')).toBe(true);
    expect(hasPackage(/^hono$/)).toBe(true);
    expect(hasCode(/createSourceRegistry\(/, 'src/metrics/registry.ts')).toBe(true);
  });
});

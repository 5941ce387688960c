import { z } from '@hono/zod-openapi';
import type { Db } from '../../db/client.ts';
import { findChannelAccounts } from '../../db/workspace/channel-accounts.ts';
import { forgetRefusal } from '../../db/workspace/metric-source-health.ts';
import {
  getMetricSource,
  type MetricSourceKey,
  type MetricSourceWithHealth,
  updateMetricSource,
} from '../../db/workspace/metric-sources.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidRequest, notFound } from '../gates/errors.ts';
import { sealedFor } from './account-change.ts';

type Fields = Record<string, unknown>;

/** Credentials of a connection. */
export const SourceCredentials = z.strictObject({
  credentials: z
    .record(z.string().max(64), z.unknown())
    .describe('as the kind takes them: docs/sources.md; stored encrypted, never shown again'),
});

export interface SourceChange {
  name?: string | undefined;
  zone?: string | undefined;
  sites?: string[] | undefined;
  channelAccountIds?: string[] | undefined;
  active?: boolean | undefined;
  config?: Fields | undefined;
  credentials?: Fields | undefined;
}

type Keeper = Pick<ApiDeps, 'secrets' | 'metricSources'>;

/**
 * What is stored of a connection's config and credentials: defaults are filled in.
 * @throws ApiError 400 naming every field; no value is repeated in it.
 */
export function readSourceInput(
  metricSources: ApiDeps['metricSources'],
  kindId: string,
  { config, credentials }: Pick<SourceChange, 'config' | 'credentials'>,
): { config?: Fields; credentials?: Fields } {
  const kind = metricSources.kindOf(kindId);
  if (kind === null || kind.origin !== 'connection') {
    const message = `is not a kind that is connected: ${metricSources.connectable.join(', ')}`;
    throw invalidRequest([{ path: 'kind', message }]);
  }
  return {
    ...(config !== undefined && { config: parse('config', kind.config, config) }),
    ...(credentials !== undefined && {
      credentials: parse('credentials', kind.secret, credentials),
    }),
  };
}

/**
 * The connection with what was sent, checked by the schemas of its kind and sealed.
 * @throws ApiError
 */
export async function changeMetricSource(
  tx: Db,
  { secrets, metricSources }: Keeper,
  key: MetricSourceKey,
  change: SourceChange,
): Promise<MetricSourceWithHealth> {
  const { config, credentials, ...rest } = change;
  const current = await getMetricSource(tx, key, { lock: true });
  if (current === null) throw notFound('metrics source', key.metricSourceId);
  if (config !== undefined && credentials === undefined) {
    const message = 'are needed again with another config: they are sent where the config says';
    throw invalidRequest([{ path: 'credentials', message }]);
  }
  await requireAccounts(tx, { ...key, channelAccountIds: rest.channelAccountIds });
  const read = readSourceInput(metricSources, current.kind, { config, credentials });
  await updateMetricSource(tx, {
    ...key,
    change: {
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ...(read.config !== undefined && { config: read.config }),
      ...(read.credentials !== undefined && {
        credentials: sealedFor(secrets, current.id, read.credentials),
      }),
    },
  });
  if (read.credentials !== undefined) {
    await forgetRefusal(tx, { workspaceId: key.workspaceId, sourceId: current.id });
  }
  return (await getMetricSource(tx, key)) ?? current;
}

/** @throws ApiError naming the accounts that the workspace does not have. */
export async function requireAccounts(
  db: Db,
  {
    workspaceId,
    channelAccountIds = [],
  }: { workspaceId: string; channelAccountIds?: string[] | undefined },
): Promise<void> {
  const found = await findChannelAccounts(db, { workspaceId, ids: channelAccountIds });
  const known = new Set(found.map(({ id }) => id));
  const issues = channelAccountIds.flatMap((id, index) =>
    known.has(id)
      ? []
      : [{ path: `channelAccountIds.${index}`, message: 'is no account of this workspace' }],
  );
  if (issues.length > 0) throw invalidRequest(issues);
}

/** A schema of a kind parses an object: it is stored as one. */
function parse(path: string, schema: z.ZodType, fields: Fields): Fields {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return z.record(z.string(), z.unknown()).parse(parsed.data);
  throw invalidRequest(
    parsed.error.issues.map((issue) => ({
      path: [path, ...issue.path].join('.'),
      message: issue.message,
    })),
  );
}

import { z } from '@hono/zod-openapi';
import { openCredentials } from '../../credentials/account-credentials.ts';
import { SecretUnreadable } from '../../credentials/secret-box.ts';
import type { Db } from '../../db/client.ts';
import { getChannelAccount } from '../../db/workspace/channel-accounts.ts';
import {
  getSourceHealth,
  noteSourceFailure,
  noteSourceSuccess,
  type SourceSubject,
} from '../../db/workspace/metric-source-health.ts';
import { getMetricSource, type MetricSourceRow } from '../../db/workspace/metric-sources.ts';
import type { CheckReply } from '../../metrics/source-kind.ts';
import type { ApiDeps } from '../deps.ts';
import { InstantText } from '../route-parts.ts';

export const SourceCheck = z
  .object({
    ok: z.boolean(),
    detail: z.string().describe('what was found, or why not'),
    credentialsRefused: z.boolean(),
    at: InstantText,
  })
  .meta({ id: 'MetricSourceCheck' });

/** What is asked: a connection, or an account that is asked for the numbers of its posts. */
export interface CheckTarget {
  subject: SourceSubject;
  config: unknown;
  sealed: { id: string; credentials: string | null };
}

/** A connection to be checked. */
export function checkTargetOf(source: MetricSourceRow): CheckTarget {
  const { workspaceId, id: sourceId, kind, config } = source;
  return {
    subject: { workspaceId, sourceId, kind, channelAccountId: null },
    config,
    sealed: source,
  };
}

/** @returns null when the workspace has no such source. */
export async function findCheckTarget(
  db: Db,
  { workspaceId, sourceId }: { workspaceId: string; sourceId: string },
): Promise<CheckTarget | null> {
  const source = await getMetricSource(db, { workspaceId, metricSourceId: sourceId });
  if (source !== null) return checkTargetOf(source);
  const health = await getSourceHealth(db, { workspaceId, sourceId });
  if (health === null || health.channelAccountId === null) return null;
  const { kind, channelAccountId } = health;
  const account = await getChannelAccount(db, { workspaceId, channelAccountId });
  if (account === null) return null;
  const subject = { workspaceId, sourceId, kind, channelAccountId };
  return { subject, config: account.settings, sealed: account };
}

/** Asks the source whether its address and credentials are good, and notes what it said. */
export async function checkMetricSource(
  { db, secrets, metricSources }: Pick<ApiDeps, 'db' | 'secrets' | 'metricSources'>,
  { subject, config, sealed }: CheckTarget,
): Promise<z.infer<typeof SourceCheck>> {
  const reply = await ask();
  const at = new Date().toISOString();
  if (reply.ok) {
    await noteSourceSuccess(db, { ...subject, checked: reply.detail });
    return { ok: true, detail: reply.detail, credentialsRefused: false, at };
  }
  const refused = reply.credentialsRefused === true;
  await noteSourceFailure(db, {
    ...subject,
    why: reply.unavailable,
    refused,
    sealed: sealed.credentials,
    checked: reply.unavailable,
    ...(reply.retryAfterMs !== undefined && { quietMs: reply.retryAfterMs }),
  });
  return { ok: false, detail: reply.unavailable, credentialsRefused: refused, at };

  async function ask(): Promise<CheckReply> {
    const kind = metricSources.kindOf(subject.kind);
    if (kind === null) {
      const unavailable = `this release knows no kind ${subject.kind}`;
      return { ok: false, unavailable, retry: false };
    }
    try {
      const secret = openCredentials(secrets, sealed);
      return await metricSources.check(kind, { config, secret });
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error;
      const unavailable = 'no key of this deployment opens its credentials: state them again';
      return { ok: false, unavailable, retry: false };
    }
  }
}

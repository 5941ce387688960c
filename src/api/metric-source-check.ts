import { z } from '@hono/zod-openapi';
import { openCredentials } from '../credentials/account-credentials.ts';
import { SecretUnreadable } from '../credentials/secret-box.ts';
import { noteSourceFailure, noteSourceSuccess } from '../db/workspace/metric-source-health.ts';
import type { MetricSourceRow } from '../db/workspace/metric-sources.ts';
import type { CheckReply } from '../metrics/source-kind.ts';
import type { ApiDeps } from './deps.ts';
import { InstantText } from './route-parts.ts';

export const SourceCheck = z
  .object({
    ok: z.boolean(),
    detail: z.string().describe('what was found, or why not'),
    credentialsRefused: z.boolean(),
    at: InstantText,
  })
  .meta({ id: 'MetricSourceCheck' });

/** Asks the source whether its address and credentials are good, and notes what it said. */
export async function checkMetricSource(
  { db, secrets, metricSources }: Pick<ApiDeps, 'db' | 'secrets' | 'metricSources'>,
  source: MetricSourceRow,
): Promise<z.infer<typeof SourceCheck>> {
  const { id: sourceId, workspaceId, kind } = source;
  const subject = { workspaceId, sourceId, kind, channelAccountId: null };
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
    sealed: source.credentials,
    checked: reply.unavailable,
    ...(reply.retryAfterMs !== undefined && { quietMs: reply.retryAfterMs }),
  });
  return { ok: false, detail: reply.unavailable, credentialsRefused: refused, at };

  async function ask(): Promise<CheckReply> {
    const kindOfIt = metricSources.kindOf(kind);
    if (kindOfIt === null) {
      return { ok: false, unavailable: `this release knows no kind ${kind}`, retry: false };
    }
    try {
      const secret = openCredentials(secrets, source);
      return await metricSources.check(kindOfIt, { config: source.config, secret });
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error;
      const unavailable = 'no key of this deployment opens its credentials: state them again';
      return { ok: false, unavailable, retry: false };
    }
  }
}

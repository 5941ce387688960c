import { openCredentials } from '../credentials/account-credentials.ts';
import { SecretUnreadable } from '../credentials/secret-box.ts';
import type { ChannelAccountRow } from '../db/workspace/channel-accounts.ts';
import {
  getSourceHealth,
  noteSourceFailure,
  noteSourceSuccess,
  type SourceSubject,
  takeSourceRequest,
} from '../db/workspace/metric-source-health.ts';
import { findServingSources, type MetricSourceWithHealth } from '../db/workspace/metric-sources.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import type { MeasureId } from '../domain/kpi/measures.ts';
import { compareText } from '../domain/kpi/readings.ts';
import type { CollectRequest, ReadingsSource, SourceReply } from '../metrics/readings-source.ts';
import type { MetricSourceKind } from '../metrics/source-kind.ts';
import type { ActivityDeps } from './deps.ts';

type Deps = Pick<ActivityDeps, 'db' | 'sources' | 'secrets'>;

/** What a connection or an account is asked with. */
interface Means {
  subject: SourceSubject;
  config: unknown;
  sealed: { id: string; credentials: string | null };
  zone: string;
  refusedAt: string | null;
}

/**
 * Everything that may know a post: the deployment's sources, the account itself, and the connections that
 * serve it, one for each measure. How it goes with the last two is noted with every answer.
 */
export async function sourcesOf(
  deps: Deps,
  { account, page }: { account: ChannelAccountRow; page: string | null },
): Promise<ReadingsSource[]> {
  const { db, sources } = deps;
  const { workspaceId, id: channelAccountId, channel } = account;
  // Without credentials an account is only a name.
  const own = account.credentials === null ? [] : sources.ofAccounts(channel);
  const serving = await findServingSources(db, {
    workspaceId,
    channelAccountId,
    site: hostOf(page),
  });
  return [
    ...sources.forChannel(channel),
    ...(await Promise.all(own.map((kind) => ofAccount(deps, kind, account)))),
    ...withoutDoubles(sources, serving, channel).map(({ kind, row: { health, ...row } }) =>
      withHealth(deps, kind, {
        subject: { workspaceId, sourceId: row.id, kind: row.kind, channelAccountId: null },
        config: row.config,
        sealed: row,
        zone: row.zone,
        refusedAt: health?.refusedAt ?? null,
      }),
    ),
  ];
}

/**
 * Of systems that count the same one serves a post: two would store two numbers of one measure, and a rate
 * would have its sides from both. The one that names the account, then the one that names the site, then
 * the one that counts more, then the oldest.
 */
function withoutDoubles(
  sources: Deps['sources'],
  serving: readonly MetricSourceWithHealth[],
  channel: ChannelId,
): { kind: MetricSourceKind; row: MetricSourceWithHealth }[] {
  const known = serving.flatMap((row) => {
    const kind = sources.connected(row.kind);
    return kind === null ? [] : [{ kind, row, measures: kind.supplies(channel) }];
  });
  const counted = new Set<MeasureId>();
  return known
    .toSorted(
      (a, b) =>
        Number(b.row.channelAccountIds.length > 0) - Number(a.row.channelAccountIds.length > 0) ||
        Number(b.row.sites.length > 0) - Number(a.row.sites.length > 0) ||
        b.measures.length - a.measures.length ||
        Date.parse(a.row.createdAt) - Date.parse(b.row.createdAt) ||
        compareText(a.row.id, b.row.id),
    )
    .filter(({ measures }) => {
      if (measures.length === 0 || measures.some((measure) => counted.has(measure))) return false;
      for (const measure of measures) counted.add(measure);
      return true;
    });
}

async function ofAccount(
  deps: Deps,
  kind: MetricSourceKind,
  account: ChannelAccountRow,
): Promise<ReadingsSource> {
  const { workspaceId } = account;
  const sourceId = `${kind.id}:${account.id}`;
  const health = await getSourceHealth(deps.db, { workspaceId, sourceId });
  return withHealth(deps, kind, {
    subject: { workspaceId, sourceId, kind: kind.id, channelAccountId: account.id },
    config: account.settings,
    sealed: account,
    zone: account.zone,
    refusedAt: health?.refusedAt ?? null,
  });
}

/** A source that keeps its limit, is not asked after it refused the credentials, and notes its answers. */
function withHealth(deps: Deps, kind: MetricSourceKind, means: Means): ReadingsSource {
  const { db } = deps;
  const { subject, refusedAt } = means;
  return {
    id: kind.id,
    key: subject.sourceId,
    async collect(request) {
      if (refusedAt !== null) {
        const unavailable = `${kind.name}: it refused the credentials at ${refusedAt}`;
        return { unavailable, retry: false, credentialsRefused: true };
      }
      const reply = await ask(deps, kind, means, request);
      if (!('unavailable' in reply)) {
        if (asked(reply)) await noteSourceSuccess(db, subject);
      } else if (reply.heldBack !== true) {
        await noteSourceFailure(db, {
          ...subject,
          why: reply.unavailable,
          refused: reply.credentialsRefused === true,
          sealed: means.sealed.credentials,
          ...(reply.retryAfterMs !== undefined && { quietMs: reply.retryAfterMs }),
        });
      }
      return reply;
    },
  };
}

async function ask(
  { db, sources, secrets }: Deps,
  kind: MetricSourceKind,
  { subject, config, sealed, zone }: Means,
  request: CollectRequest,
): Promise<SourceReply> {
  try {
    const source = sources.open({
      kind,
      config,
      secret: openCredentials(secrets, sealed),
      zone,
      ownerId: sealed.id,
      budget: { take: () => takeSourceRequest(db, { ...subject, limit: kind.limit }) },
    });
    if (typeof source !== 'string') return await source.collect(request);
    return { unavailable: `${kind.name}: ${source}`, retry: false };
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    const why = 'no key of this deployment opens its credentials';
    return { unavailable: `${kind.name}: ${why}`, retry: false };
  }
}

/** At a baseline many sources have nothing to be asked for. */
function asked(reply: Exclude<SourceReply, { unavailable: string }>): boolean {
  return reply.readings.length + reply.empty.length + reply.notAvailable.length > 0;
}

function hostOf(page: string | null): string | null {
  return page !== null && URL.canParse(page) ? new URL(page).hostname : null;
}

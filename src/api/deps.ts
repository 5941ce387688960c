import type { AssetStore } from '../assets/asset-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { CommandSender } from '../commands/command-outcome.ts';
import type { TimeTravel } from '../commands/time-travel.ts';
import type { ApiConfig } from '../config.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { Db } from '../db/client.ts';
import type { AccountForm } from '../domain/channel/account-form.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import type { AuditPacks } from '../evidence/audit-pack.ts';
import type { Meters } from '../health/meters.ts';
import type { Redirector } from '../links/redirector.ts';
import type { SourceRegistry } from '../metrics/registry.ts';
import type { MetricSourceKind } from '../metrics/source-kind.ts';
import type { SlackReply } from '../telling/slack-replies.ts';
import type { Engine } from './engine.ts';
import type { ApiLog } from './log.ts';
import type { Readiness } from './readiness.ts';

/** What the API works with; built once in server.ts, and by tests. */
export interface ApiDeps {
  db: Db;
  sender: CommandSender;
  engine: Engine;
  audit: Audit;
  packs: AuditPacks;
  readiness: () => Promise<Readiness>;
  meters: Meters;
  assets: AssetStore;
  secrets: SecretBox;
  /** What an account of a channel takes; null for a channel that nothing publishes to yet. */
  accountFormOf: (channel: ChannelId) => AccountForm | null;
  metricSources: MetricSourceKinds;
  redirector: Redirector;
  /** Null everywhere but on the local stack: then its route does not exist. */
  timeTravel: TimeTravel | null;
  /** Posts to the `response_url` of a click in Slack. */
  slackReply: SlackReply;
  settings: Pick<
    ApiConfig,
    | 'rateLimitPerSecond'
    | 'workspaceRateLimitPerSecond'
    | 'quotas'
    | 'limits'
    | 'allowedOrigins'
    | 'local'
    | 'behindTlsProxy'
    | 'publicUrl'
    | 'instance'
    | 'metricsKey'
  >;
  log: ApiLog;
}

/** What a connection of metrics may be, and how one is tried. */
export interface MetricSourceKinds extends Pick<SourceRegistry, 'check'> {
  /** Null for one that nobody wrote. */
  kindOf(id: string): MetricSourceKind | null;
  /** Ids of those that take a connection of their own. */
  connectable: readonly string[];
}

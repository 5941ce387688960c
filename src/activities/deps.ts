import type { Client } from '@temporalio/client';
import type { AssetStore } from '../assets/asset-store.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { Db } from '../db/client.ts';
import type { WakeUps } from '../db/wake-ups.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { SourceRegistry } from '../metrics/registry.ts';
import type { SendTiming } from './publishing/send-timing.ts';

/** What activities work with; built once in the worker. */
export interface ActivityDeps {
  db: Db;
  /** For readings taken beside a send: where they hang, the send needs none of their connections. */
  measuringDb: Db;
  /** For reading the histories of closed runs. */
  temporal: Client;
  channels: ChannelRegistry;
  sources: SourceRegistry;
  /** Files of the posts. */
  assets: AssetStore;
  /** Opens the credentials of channel accounts. */
  secrets: SecretBox;
  /** For what subscriptions are told. */
  http: Pick<HttpClient, 'request'>;
  /** Says that there is more to deliver. */
  wakeUps: Pick<WakeUps, 'next'>;
  /** Changes of `SEND_TIMING`. */
  sendTiming?: Partial<SendTiming>;
}

import type { Client } from '@temporalio/client';
import type { AssetStore } from '../assets/asset-store.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { Db } from '../db/client.ts';
import type { SigningKey } from '../evidence/checkpoint.ts';
import type { SourceRegistry } from '../metrics/registry.ts';
import type { SendTiming } from './publishing/send-timing.ts';

/** What activities work with; built once in the worker. */
export interface ActivityDeps {
  db: Db;
  /** For readings taken beside a send: where they hang, the send needs none of their connections. */
  measuringDb: Db;
  /** For reading the histories of closed runs, and for the watch. */
  temporal: Client;
  /** Of the items' runs; the other queues are named after it. */
  taskQueue: string;
  channels: ChannelRegistry;
  sources: SourceRegistry;
  /** Files of the posts. */
  assets: AssetStore;
  /** Opens the credentials of channel accounts. */
  secrets: SecretBox;
  /** What chain heads are signed with, and where their files go; null: no checkpoint is recorded. */
  checkpoints: { key: SigningKey; directory: string | null } | null;
  /** Changes of `SEND_TIMING`. */
  sendTiming?: Partial<SendTiming>;
}

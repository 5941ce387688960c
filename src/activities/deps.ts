import type { Client } from '@temporalio/client';
import type { AssetStore } from '../assets/asset-store.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { SecretBox } from '../credentials/secret-box.ts';
import type { Db } from '../db/client.ts';
import type { WakeUps } from '../db/wake-ups.ts';
import type { SigningKey } from '../evidence/checkpoint.ts';
import type { Meters } from '../health/meters.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { SourceRegistry } from '../metrics/registry.ts';
import type { KeepDays } from '../retention/keep-days.ts';
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
  /** For what subscriptions are told. */
  http: Pick<HttpClient, 'request'>;
  /** Says that there is more to deliver. */
  wakeUps: Pick<WakeUps, 'next'>;
  /** Told what goes wrong beside the answer of an activity. */
  log: { warn(fields: object, message: string): void };
  /** Told what each attempt to send came to. */
  noteSend?: Meters['noteSend'];
  /** How long what is over is kept. */
  keepDays: KeepDays;
  /** Told what was removed. */
  noteTidied?: Meters['noteTidied'];
  /** What chain heads are signed with, and where their files go; null: no checkpoint is recorded. */
  checkpoints: { key: SigningKey; directory: string | null } | null;
  /** Changes of `SEND_TIMING`. */
  sendTiming?: Partial<SendTiming>;
}

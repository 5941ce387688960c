import type { Pool } from 'pg';
import type { Pool as HttpPool } from 'undici';
import type { SandboxPost } from '../../src/channels/sandbox/protocol.ts';
import type { CommandMessage } from '../../src/workflows/messages.ts';

export interface RecordedCommand {
  itemId: string;
  seq: number;
  message: CommandMessage;
}

/** The table that the recorded variant writes: one row per command, in Baton's own database server. */
export const BARE_SCHEMA = `create table recorded_commands (
  item_id text not null,
  seq integer not null,
  command_id text not null unique,
  type text not null,
  actor_id text not null,
  payload jsonb not null,
  recorded_at timestamp(3) with time zone not null default now(),
  primary key (item_id, seq)
)`;

const RECORD = `insert into recorded_commands (item_id, seq, command_id, type, actor_id, payload)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing`;

export function bareActivities({ pool, sandbox }: { pool: Pool; sandbox: HttpPool }) {
  return {
    /** The request that Baton's channel makes, on connections that stay open; nothing else. */
    async sendPost(post: SandboxPost): Promise<void> {
      const { statusCode, body } = await sandbox.request({
        method: 'POST',
        path: '/v1/posts',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(post),
      });
      const text = await body.text();
      if (statusCode !== 201) throw new Error(`the sandbox answered ${statusCode}: ${text}`);
    },

    /** One committed, repeatable insert. */
    async recordCommand({ itemId, seq, message }: RecordedCommand): Promise<void> {
      const { id, type, actor } = message;
      const values = [itemId, seq, id, type, actor.memberId, JSON.stringify(message)];
      await pool.query({ name: 'record_command', text: RECORD, values });
    },
  };
}

export type BareActivities = ReturnType<typeof bareActivities>;

import { randomUUID } from 'node:crypto';
import type { OpenTestDb } from './db-fixture.ts';

/** A subscription and its deliveries as a receiver left them. @returns its id */
export async function insertSubscription(
  { $client }: Pick<OpenTestDb['db'], '$client'>,
  {
    workspaceId,
    stopped = null,
    states,
  }: { workspaceId: string; stopped?: 'gone' | 'paused' | null; states: readonly string[] },
): Promise<string> {
  const id = `whs_${randomUUID()}`;
  await $client.query(
    `insert into webhook_subscriptions (id, workspace_id, url, types, secrets, active, stopped)
     values ($1, $2, 'https://user:pass@receiver.example:8443/path-secret?q=secret', '{*}', '[]', $3, $4)`,
    [id, workspaceId, stopped === null, stopped],
  );
  for (const [position, state] of states.entries()) {
    const event = `evt_${randomUUID()}`;
    await $client.query(
      `insert into outbound_events (id, workspace_id, stream, type, body, created_at)
       values ($1, $2, $2, 'x', '{}', now())`,
      [event, workspaceId],
    );
    await $client.query(
      `insert into webhook_deliveries (id, workspace_id, subscription_id, event_id, type, stream,
         position, state, attempts, log, next_attempt_at, exhausted_at, created_at)
       values ($1, $2, $3, $1, 'x', $2, $4, $5, $6, '[{"status": 500, "answer": "text"}]', $7, $8,
         now() - interval '1 hour')`,
      [
        event,
        workspaceId,
        id,
        position,
        state,
        state === 'pending' ? 0 : 3,
        state === 'exhausted' ? null : new Date(Date.now() - 300_000),
        state === 'exhausted' ? new Date() : null,
      ],
    );
  }
  return id;
}

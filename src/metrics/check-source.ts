import { quoted } from './quoted.ts';
import type { CheckReply, MetricSourceKind, SourceConnection, SourceMeans } from './source-kind.ts';

/** Somebody waits for the answer. */
const DEADLINE_MS = 15_000;

/** Whether the address and credentials of a connection are good. Never throws. */
export async function checkSource(
  kind: MetricSourceKind,
  connection: SourceConnection,
  means: SourceMeans,
): Promise<CheckReply> {
  const source = kind.open(connection, means);
  if (typeof source === 'string') return failed(source, { retry: false });
  try {
    const reply = await source.check(AbortSignal.timeout(DEADLINE_MS));
    return reply.ok
      ? { ok: true, detail: say(reply.detail) }
      : { ...reply, unavailable: say(reply.unavailable) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : 'its adapter failed', { retry: true });
  }

  function failed(reason: string, { retry }: { retry: boolean }): CheckReply {
    return { ok: false, unavailable: say(reason), retry };
  }

  function say(message: string): string {
    return quoted(kind.name, message, connection.secret);
  }
}

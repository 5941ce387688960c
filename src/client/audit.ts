import type { CouldNotAsk, Finding } from '../domain/finding.ts';
import { errorOf } from './answers.ts';

export type { Finding };

/** What is stuck, and what the audit could not find out. */
export type StuckAudit = { items: Finding[]; couldNotAsk: CouldNotAsk[] };

export function auditCalls({ url, transport }: { url: string; transport: typeof fetch }) {
  return {
    async stuck(): Promise<StuckAudit> {
      const reply = await transport(`${url}/v1/audit/stuck`);
      if (!reply.ok) throw await errorOf(reply);
      return (await reply.json()) as StuckAudit;
    },
  };
}

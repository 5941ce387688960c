import type { Caller } from '../../commands/command-outcome.ts';
import type { Finding } from '../../domain/audit/finding.ts';
import type { RequestRepair } from '../../domain/audit/finding-catalogue.ts';
import { NotPossible, type RepairOrder, type RepairReport } from './repair-outcome.ts';

export interface RequestOrder {
  caller: Caller;
  /** What the request brings. */
  body: Record<string, unknown>;
  /** The same for the same request. */
  requestId: string;
  dryRun: boolean;
}

/**
 * Requests of their own that put a finding right; whoever answers them carries them out.
 * @throws InvalidBody, NotPossible
 */
export interface RepairRequests {
  addReadings(order: RequestOrder & { itemId: string }): Promise<RepairReport>;
  replaceCredentials(order: RequestOrder & { channelAccountId: string }): Promise<RepairReport>;
  replaceSourceCredentials(order: RequestOrder & { metricSourceId: string }): Promise<RepairReport>;
  /** Of a connection, or of an account that is asked for the numbers of its posts. */
  checkSource(order: RequestOrder & { sourceId: string }): Promise<RepairReport>;
}

export function repairByRequest(
  requests: RepairRequests,
  { finding, repair }: { finding: Finding; repair: RequestRepair },
  { caller, with: body, key, dryRun }: RepairOrder,
): Promise<RepairReport> {
  const order = { caller, body, requestId: key.commandId, dryRun };
  switch (repair) {
    case 'add_readings': {
      const { itemId } = finding;
      if (itemId === undefined) throw new NotPossible('the finding names no item');
      return requests.addReadings({ ...order, itemId });
    }
    case 'check_source':
      return requests.checkSource({ ...order, sourceId: String(finding.evidence['sourceId']) });
    case 'replace_credentials': {
      const { metricSourceId } = finding.evidence;
      if (typeof metricSourceId === 'string') {
        return requests.replaceSourceCredentials({ ...order, metricSourceId });
      }
      const channelAccountId = String(finding.evidence['channelAccountId']);
      return requests.replaceCredentials({ ...order, channelAccountId });
    }
  }
}

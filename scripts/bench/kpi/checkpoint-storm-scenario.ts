import { startTemporaryStack } from '../../local/temporary-stack.ts';
import { createPeople } from '../../reliability/people.ts';
import { checkpointStorm } from './checkpoint-storm.ts';
import type { KpiFigureLine, KpiScenario } from './scenario.ts';

/** The clock runs so much faster: five minutes are five seconds, the window of `+1h` a minute. */
const FASTER = 60;
const LIMIT = { requests: 300, perMs: 300_000 / FASTER };
const WINDOW_MS = 3_600_000 / FASTER;

/** Checkpoints that are due in one second, against one source that takes few requests. */
export const checkpointStormScenario: KpiScenario = {
  name: 'checkpoint-storm',
  says: '1,000 checkpoints due at once, a source of 300 requests in five minutes (clock × 60)',
  async measure({ small }) {
    const checkpoints = small ? 100 : 1_000;
    const limit = small ? { ...LIMIT, requests: 30 } : LIMIT;
    const stack = await startTemporaryStack({ prefix: 'baton-storm-', taskQueue: 'bench-storm' });
    try {
      const worker = { BATON_WORKFLOW_BUNDLE: stack.workflowBundle };
      await stack.start({ name: 'Worker', script: 'worker.ts', environment: worker });
      const { url } = await stack.startApi();
      const people = createPeople(stack.credentials, [url]);
      const body = { title: 'A storm of checkpoints' };
      const { item } = await people.ask<{ item: { id: string } }>(
        'strategist',
        'POST',
        '/v1/items',
        body,
      );
      const { workspaceId } = stack.credentials;
      const storm = await checkpointStorm(
        stack.programDatabaseUrl,
        { workspaceId, itemId: item.id },
        { checkpoints, limit, windowMs: WINDOW_MS },
      );
      const minutes = (ms: number) => ((ms * FASTER) / 60_000).toFixed(1);
      return [
        none('lost', storm.lost),
        none('stored twice', storm.doubled),
        none('requests above the limit', storm.refused),
        told('requests', `${storm.asked}`),
        told('most in any five minutes', `${storm.mostInOneStretch} of ${limit.requests}`),
        told('looks', `${storm.looks}`),
        told('answered after, p50 minutes of 60', minutes(storm.answered.p50)),
        told('answered after, p99 minutes of 60', minutes(storm.answered.p99)),
      ];
    } finally {
      await stack.stop();
    }
  },
};

function none(what: string, count: number): KpiFigureLine {
  return { what, figure: `${count}`, target: '0', isMet: count === 0 };
}

function told(what: string, figure: string): KpiFigureLine {
  return { what, figure, target: null, isMet: true };
}

import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** From a moment to an hour: a post is late after fifteen minutes. */
const LATENESS_BUCKETS = [1, 2, 5, 10, 30, 60, 300, 900, 3_600];
const VERDICT_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600];
const REQUEST_BUCKETS = [0.01, 0.05, 0.25, 1, 2.5, 10];

/** What a process counts while it works. */
export type Meters = ReturnType<typeof createMeters>;

/**
 * The counters of one process. Every label is a name of the code (a route's pattern, a channel, an
 * outcome): nothing that a caller writes makes a series.
 */
export function createMeters() {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'baton_http_request_duration_seconds',
    help: 'Time until a request was answered, by the pattern of its route and the status',
    labelNames: ['route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const verdicts = new Histogram({
    name: 'baton_command_verdict_seconds',
    help: 'Time from a command that was stored to its verdict',
    labelNames: ['verdict'],
    buckets: VERDICT_BUCKETS,
    registers,
  });
  const lateness = new Histogram({
    name: 'baton_send_lateness_seconds',
    help: 'How long after its slot a post was published',
    labelNames: ['channel'],
    buckets: LATENESS_BUCKETS,
    registers,
  });
  const attempts = new Counter({
    name: 'baton_send_attempts_total',
    help: 'Attempts to send a post, by what they came to',
    labelNames: ['channel', 'outcome'],
    registers,
  });
  const tidied = new Counter({
    name: 'baton_tidied_total',
    help: 'Rows and files that were kept no longer and removed',
    labelNames: ['what'],
    registers,
  });
  return {
    noteRequest({ route, status, ms }: { route: string | null; status: number; ms: number }) {
      requests.observe({ route: route ?? 'none', status: String(status) }, ms / 1_000);
    },
    noteVerdict({ verdict, ms }: { verdict: string; ms: number }) {
      verdicts.observe({ verdict }, Math.max(0, ms) / 1_000);
    },
    /** @param lateMs of a post that is out; on the local stack a clock may be ahead of ours. */
    noteSend({ channel, outcome, lateMs }: { channel: string; outcome: string; lateMs: number }) {
      attempts.inc({ channel, outcome });
      if (outcome === 'published') lateness.observe({ channel }, Math.max(0, lateMs) / 1_000);
    },
    noteTidied({ what, count }: { what: string; count: number }) {
      tidied.inc({ what }, count);
    },
    /** Also measures the process itself: memory, processor, event loop. Once per process. */
    watchProcess() {
      collectDefaultMetrics({ register: registry });
      // They count what is, and are named like counters of what was.
      for (const what of ['handles', 'requests', 'resources']) {
        registry.removeSingleMetric(`nodejs_active_${what}_total`);
      }
    },
    text: () => registry.metrics(),
  };
}

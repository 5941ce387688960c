import type { WorkflowInterceptors } from '@temporalio/workflow';

type Headers = Parameters<
  NonNullable<NonNullable<WorkflowInterceptors['inbound']>[number]['handleUpdate']>
>[0]['headers'];

/** The names of the W3C trace context. */
const NAMES = ['traceparent', 'tracestate'];

/**
 * Hands the trace of what a run heard last on to the activities that it asks for, as it came: the run
 * reads nothing of it, so that nothing of it can change what the run does.
 */
export function interceptors(): WorkflowInterceptors {
  let heard: Headers = {};
  const hear = ({ headers }: { headers: Headers }) => {
    const found = NAMES.flatMap((name) => {
      const payload = headers[name];
      return payload === undefined ? [] : [[name, payload] as const];
    });
    if (found.length > 0) heard = Object.fromEntries(found);
  };
  return {
    inbound: [
      {
        execute(input, next) {
          hear(input);
          return next(input);
        },
        handleUpdate(input, next) {
          hear(input);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) =>
          next({ ...input, headers: { ...heard, ...input.headers } }),
        continueAsNew: (input, next) => next({ ...input, headers: { ...heard, ...input.headers } }),
      },
    ],
  };
}

import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { TimeTravel, TravelOutcome, TravelTarget } from '../../commands/time-travel.ts';
import { Instant } from '../../domain/instant.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { ApiError, notFound } from '../gates/errors.ts';
import { onceUnderLease } from '../gates/idempotency.ts';
import { changeAnswers } from '../route-answers.ts';
import { body, idempotent } from '../route-parts.ts';

const DURATION =
  /^P(?=.)(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$/;
const UNIT_MS = [7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000];

/** A journey gives up after a minute. */
const LEASE_MS = 120_000;

const itemId = z.string().min(1).max(64);

const Journey = z
  .union([
    z.strictObject({
      itemId,
      by: z
        .string()
        .regex(DURATION, 'is an ISO 8601 duration of weeks, days, hours, minutes and seconds')
        .meta({ example: 'P3D' }),
    }),
    z.strictObject({
      itemId,
      to: z.union([z.enum(['next_deadline', 'next_checkpoint']), Instant], {
        error: 'is an instant, "next_deadline" or "next_checkpoint"',
      }),
    }),
  ])
  .meta({ id: 'Journey', example: { itemId: 'itm_01KAMJ5SQ0', by: 'P3D' } });

const Arrival = z
  .object({
    now: z.string().describe('the run’s own clock'),
    clockOffset: z.int().describe('milliseconds ahead of real time'),
    seq: z.int(),
  })
  .meta({ id: 'Arrival' });

const travelRoute = createRoute({
  ...idempotent('post', 'Local stack'),
  path: '/v1/local/time-travel',
  operationId: 'timeTravel',
  summary: 'Fast-forward an item on the real engine (local stack only)',
  description:
    'Without an `Idempotency-Key` the same body travels again. A journey that broke off has gone some of the way. While one is under way, others of the item are refused.',
  request: { body: body(Journey) },
  responses: changeAnswers(Arrival, 'Arrived', 'not_found'),
});

/** The route exists only where `timeTravel` is given. */
export function timeTravelRoutes({ db, timeTravel }: Pick<ApiDeps, 'db' | 'timeTravel'>) {
  const app = new OpenAPIHono<ApiEnv>();
  const routes = (travel: TimeTravel) =>
    app.openapi(travelRoute, async (c) => {
      const journey = c.req.valid('json');
      const { workspaceId } = c.get('caller');
      const target = targetOf(journey);
      const { itemId } = journey;
      const answer = await onceUnderLease(c, { db, status: 200, leaseMs: LEASE_MS }, async () => {
        const outcome = await travel({ workspaceId, itemId, target });
        return arrivalOf(outcome, itemId);
      });
      return c.json(answer, 200);
    });
  // Without the route it is the same app to its callers: the path answers 404.
  return timeTravel === null ? (app as unknown as ReturnType<typeof routes>) : routes(timeTravel);
}

/**
 * @throws ApiError `not_found`, `conflict` when the journey was not made, or did not end where it should.
 */
function arrivalOf(outcome: TravelOutcome, itemId: string): z.infer<typeof Arrival> {
  switch (outcome.outcome) {
    case 'arrived': {
      const { now, clockOffsetMs, seq } = outcome;
      return { now, clockOffset: clockOffsetMs, seq };
    }
    case 'not_found':
      throw notFound('item', itemId);
    case 'nothing_ahead':
    case 'under_way':
    case 'late':
      throw new ApiError('conflict', { detail: outcome.message });
  }
}

function targetOf(journey: z.infer<typeof Journey>): TravelTarget {
  if ('by' in journey) return { byMs: durationMs(journey.by) };
  const { to } = journey;
  return { to } as TravelTarget;
}

/** Milliseconds of a duration that matches the pattern; a day has 24 hours here. */
function durationMs(duration: string): number {
  const [, ...amounts] = DURATION.exec(duration) ?? [];
  return UNIT_MS.reduce((sum, unit, index) => sum + unit * Number(amounts[index] ?? 0), 0);
}

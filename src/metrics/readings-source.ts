import { measureValueIssue } from '../domain/kpi/measure-rules.ts';
import type { MeasureId, Reading } from '../domain/kpi/measures.ts';
import { checkpointAgeHours, isAhead } from '../domain/kpi/readings.ts';
import { quoted } from './quoted.ts';
import type {
  MetricSource,
  MetricSourceKind,
  SourceAnswer,
  SourceFailure,
  SourceQuestion,
} from './source-kind.ts';

/** What a source is asked to read: one publication at one checkpoint. */
export interface CollectRequest
  extends Pick<SourceQuestion, 'publication' | 'page' | 'checkpoint' | 'at'> {
  signal?: AbortSignal;
}

/** A reading before it is stored. Its source is the adapter that supplied it. */
export type CollectedReading = Omit<Reading, 'id' | 'source' | 'createdBy' | 'createdAt'>;

/** What the source answered: a measure is in one of the three, and never 0 unless the source said so. */
export interface CollectedAnswer {
  readings: CollectedReading[];
  /** It had no row. */
  empty: MeasureId[];
  /** It cannot supply them for this publication. */
  notAvailable: MeasureId[];
  /** From when on the provisional ones of the readings may be read for good; absent without any. */
  settlesAt?: string;
}

export type SourceReply = CollectedAnswer | SourceFailure;

/** A place that numbers come from, with the rules that hold for all of them. */
export interface ReadingsSource {
  /** The `source` of its readings. */
  id: string;
  /** Which of several systems of one kind it is; absent where there is only one. */
  key?: string;
  /** Asks once. */
  collect(request: CollectRequest): Promise<SourceReply>;
}

const HOUR_MS = 3_600_000;
/** From the first request to the last byte of one collection. */
const DEADLINE_MS = 60_000;

/** Readings of an opened source: what it said, as rows that the store takes. */
export function readingsSource(
  kind: MetricSourceKind,
  source: MetricSource,
  opened: { zone: string; secret: unknown; heldBackMs?: () => number | null },
): ReadingsSource {
  const failed = (failure: SourceFailure): SourceFailure => ({
    ...failure,
    unavailable: quoted(kind.name, failure.unavailable, opened.secret),
  });
  return {
    id: kind.id,
    async collect(request) {
      const asked = questionOf(kind, request, opened.zone);
      if (typeof asked === 'string') return failed({ unavailable: asked, retry: false });
      if (asked.measures.length === 0) return { readings: [], empty: [], notAvailable: [] };
      const answer = await answerOf(source, asked, request.signal);
      const waitMs = opened.heldBackMs?.() ?? null;
      if (waitMs !== null) return heldBack(kind, waitMs);
      const reply = 'unavailable' in answer ? answer : replyOf(kind, asked, answer);
      return 'unavailable' in reply ? failed(reply) : reply;
    },
  };
}

/** Baton's own brake: nothing is wrong with the source. */
function heldBack({ name, limit }: MetricSourceKind, waitMs: number): SourceReply {
  const allowed =
    limit === null ? '' : ` of ${limit.requests} requests in ${limit.perMs / 1_000} s`;
  const unavailable = `${name}: asked as often as it allows${allowed}`;
  return { unavailable, retry: true, retryAfterMs: waitMs, heldBack: true };
}

/** A mistake of an adapter is one source that says nothing, not a checkpoint that ends. */
async function answerOf(
  source: MetricSource,
  question: SourceQuestion,
  signal?: AbortSignal,
): Promise<SourceAnswer | SourceFailure> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    return await source.collect(
      question,
      signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it failed';
    return { unavailable: `its adapter failed: ${message}`, retry: true };
  }
}

/** @returns what is wrong with the request, in words. */
function questionOf(
  kind: MetricSourceKind,
  { publication, page, checkpoint, at }: CollectRequest,
  zone: string,
): SourceQuestion | string {
  const age = checkpointAgeHours(checkpoint);
  if (age === null) return `${checkpoint} is not a checkpoint`;
  const supplied = kind.supplies(publication.channel);
  const from = publication.publishedAt ?? at;
  const due = Date.parse(from) + age * HOUR_MS;
  return {
    publication,
    page,
    checkpoint,
    at,
    zone,
    window: { from, to: new Date(Math.min(due, Date.parse(at))).toISOString() },
    // Before the post exists only its account can be read.
    measures:
      checkpoint === 'baseline' ? supplied.filter((measure) => measure === 'followers') : supplied,
  };
}

function replyOf(
  kind: MetricSourceKind,
  question: SourceQuestion,
  { measures, asOf = question.at, settled, settlesAt }: SourceAnswer,
): SourceReply {
  const { publication, checkpoint, at, window } = question;
  if (Number.isNaN(Date.parse(asOf))) {
    return { unavailable: 'its answer is as of no instant', retry: true };
  }
  // A checkpoint is asked for at its age or later, by clocks that differ a little.
  if (isAhead(asOf, Math.max(Date.parse(at), dueMs(question)))) {
    return { unavailable: `its answer is as of ${asOf}, which is still to come`, retry: true };
  }
  const reply: CollectedAnswer = { readings: [], empty: [], notAvailable: [] };
  const settles: number[] = [];
  for (const measure of question.measures) {
    const said = measures[measure] ?? 'empty';
    if (said === 'empty') reply.empty.push(measure);
    else if (said === 'not_available') reply.notAvailable.push(measure);
    else {
      const issue = measureValueIssue(measure, said);
      if (issue !== null) return { unavailable: `${issue}, and not ${said}`, retry: true };
      const definition = kind.definitions[measure];
      const settlesMs = Date.parse(window.to) + settlingMsOf(kind, measure);
      const provisional = !(settled ?? Date.parse(at) >= settlesMs);
      if (provisional) settles.push(Date.parse(settlesAt ?? '') || settlesMs);
      reply.readings.push({
        measure,
        value: said,
        publicationId: publication.id,
        checkpoint,
        asOf,
        provisional,
        ...(definition !== undefined && { definition }),
      });
    }
  }
  if (settles.length === 0) return reply;
  return { ...reply, settlesAt: new Date(Math.max(...settles)).toISOString() };
}

function dueMs({ publication: { publishedAt }, checkpoint }: SourceQuestion): number {
  const age = checkpointAgeHours(checkpoint) ?? 0;
  return publishedAt === null ? 0 : Date.parse(publishedAt) + age * HOUR_MS;
}

function settlingMsOf({ settlingMs }: MetricSourceKind, measure: MeasureId): number {
  return typeof settlingMs === 'number' ? settlingMs : (settlingMs[measure] ?? 0);
}

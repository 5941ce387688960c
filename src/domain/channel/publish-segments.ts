import { hashOf, sha256Hex } from '../canonical.ts';
import { halfPublished } from './half-published.ts';
import { markerOf } from './publication-intent.ts';

export const SEGMENT_STATES = ['waiting', 'sending', 'published', 'rejected', 'unknown'] as const;
export type SegmentState = (typeof SEGMENT_STATES)[number];

/** One text of a post: a post of its own on the network. A post that is no thread has one. */
export interface Segment {
  position: number;
  key: string;
  marker: string;
  textHash: string;
  /** Of the form in which the channel's look-up compares texts; null where it goes by the key. */
  likeness: string | null;
  /** Of its link and files; null without any. */
  attachedHash: string | null;
  state: SegmentState;
  /** By the database's clock: the first attempt that may have reached the channel. */
  firstAttemptAt: string | null;
  /** By the database's clock: the first look-up that found nothing since the last attempt. */
  absentSince: string | null;
  remoteId: string | null;
  permalink: string | null;
  acceptedAt: string | null;
}

/** What a reader sees of a text. */
export interface SegmentContent {
  text: string;
  /** The text in the form in which its channel's look-up compares it. */
  comparable?: string | undefined;
  link?: string | undefined;
  /** As they were approved, where they are sent with the address of this publication. */
  written?: { text: string; link?: string | undefined } | undefined;
  media?: readonly { hash: string; altText?: string | undefined }[] | undefined;
}

function attachedHashOf({ media = [], ...content }: SegmentContent): string | null {
  const { link } = content.written ?? content;
  if (link === undefined && media.length === 0) return null;
  return hashOf({
    link: link ?? null,
    files: media.map(({ hash, altText }) => ({ hash, altText: altText ?? null })),
  });
}

function isSameContent(earlier: Segment, fresh: Segment | undefined): boolean {
  return earlier.textHash === fresh?.textHash && earlier.attachedHash === fresh.attachedHash;
}

/** The first text has the key of the post itself. */
export function segmentKeyOf(intentKey: string, position: number): string {
  return position === 0 ? intentKey : hashOf({ intentKey, position });
}

export function newSegments(intentKey: string, contents: readonly SegmentContent[]): Segment[] {
  return contents.map((content, position) => {
    const key = segmentKeyOf(intentKey, position);
    return {
      position,
      key,
      marker: markerOf(key),
      // Another publication of the same text has another address in it.
      textHash: sha256Hex((content.written ?? content).text),
      likeness: content.comparable === undefined ? null : sha256Hex(content.comparable),
      attachedHash: attachedHashOf(content),
      state: 'waiting',
      firstAttemptAt: null,
      absentSince: null,
      remoteId: null,
      permalink: null,
      acceptedAt: null,
    };
  });
}

/** The text that is to be sent, or looked for, next; null when all are published. */
export function nextSegment(segments: readonly Segment[]): Segment | null {
  return segments.find(({ state }) => state !== 'published') ?? null;
}

export function withSegment(
  segments: readonly Segment[],
  position: number,
  change: Partial<Segment>,
): Segment[] {
  return segments.map((segment) =>
    segment.position === position ? { ...segment, ...change } : segment,
  );
}

export function publishedAs({
  remoteId,
  permalink,
  at,
}: {
  remoteId: string;
  permalink: string | null;
  at: string;
}): Partial<Segment> {
  return { state: 'published', remoteId, permalink, acceptedAt: at };
}

export function publishedCount(segments: readonly Segment[]): number {
  return segments.filter(({ state }) => state === 'published').length;
}

/** True when some texts of a thread are out and others are not. */
export function isHalfPublished(segments: readonly Segment[]): boolean {
  const published = publishedCount(segments);
  return published > 0 && published < segments.length;
}

/** What a person reads of a post that stopped on its way: how much of a thread is out, where some is. */
export function withPart(segments: readonly Segment[], why: string): string {
  const published = publishedCount(segments);
  return published === 0 ? why : halfPublished({ published, of: segments.length }, why);
}

/**
 * The texts as they are to be sent now. A text whose send has begun stays as it was; another
 * follows the content.
 * @returns null when a text whose send has begun is another one now: that is a different post.
 */
export function followContent(
  stored: readonly Segment[],
  fresh: readonly Segment[],
): Segment[] | null {
  const begun = stored.filter(({ state }) => state !== 'waiting');
  const same = begun.every((earlier) => isSameContent(earlier, fresh[earlier.position]));
  if (!same) return null;
  return fresh.map((segment) => {
    const earlier = stored[segment.position];
    return earlier !== undefined && isSameContent(earlier, segment) ? earlier : segment;
  });
}

/**
 * A thread that is published again after it stopped half-way goes on at its first missing text. Where a
 * published text, its link or its files have changed since, or nothing of it is out, it starts anew.
 */
export function continueThread(
  stopped: readonly Segment[],
  fresh: readonly Segment[],
): readonly Segment[] {
  const published = stopped.filter(({ state }) => state === 'published');
  const goesOn =
    isHalfPublished(stopped) &&
    stopped.length === fresh.length &&
    published.every((earlier) => isSameContent(earlier, fresh[earlier.position]));
  if (!goesOn) return fresh;
  return fresh.map(
    (segment) => published.find((known) => known.position === segment.position) ?? segment,
  );
}

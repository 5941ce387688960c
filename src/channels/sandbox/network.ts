import { randomBytes } from 'node:crypto';
import { hashOf } from '../../domain/canonical.ts';
import { validateVariant } from '../../domain/variant-limits.ts';
import { baselineFollowers, measuresAt } from './growth.ts';
import type { Ledger, LedgerLine } from './ledger.ts';
import type { SandboxError, SandboxMetrics, SandboxPost } from './protocol.ts';

/** An answer of the network: the stored post, or why not. */
export type PostAnswer =
  | { status: 200 | 201; line: LedgerLine }
  | { status: 409 | 422; error: SandboxError };

export type MetricsAnswer =
  | { status: 200; metrics: SandboxMetrics }
  | { status: 404; error: SandboxError };

/**
 * Accepts a post: one fsynced ledger line, then the answer. The same idempotency key is answered with the
 * first post for ever; with another body it is refused.
 */
export function acceptPost(ledger: Ledger, post: SandboxPost, now: Date): PostAnswer {
  const bodyHash = hashOf(post);
  const first = post.idempotencyKey && ledger.byIdempotencyKey(post.idempotencyKey);
  if (first) {
    return first.bodyHash === bodyHash
      ? { status: 200, line: first }
      : {
          status: 409,
          error: {
            code: 'idempotency_key_reused',
            message: 'This idempotency key belongs to a post with another body.',
          },
        };
  }
  const [violation] = validateVariant({ channel: 'sandbox', text: post.text }, []);
  if (violation) {
    return {
      status: 422,
      error: { code: violation.code, message: `${violation.path}: ${violation.message}` },
    };
  }
  const line: LedgerLine = {
    marker: post.marker,
    account: post.account,
    at: now.toISOString(),
    text: post.text,
    bodyHash,
    remoteId: `sbx_${randomBytes(10).toString('hex')}`,
    idempotencyKey: post.idempotencyKey ?? null,
  };
  ledger.append(line);
  return { status: 201, line };
}

/**
 * Readings of the first post with a marker at an age (default: its age now), or, without a marker, the
 * followers that the account starts from.
 */
export function readMetrics(
  ledger: Ledger,
  query: {
    marker?: string | undefined;
    account?: string | undefined;
    ageSeconds?: number | undefined;
  },
  now: Date,
): MetricsAnswer {
  const { marker, account } = query;
  if (marker === undefined) {
    return {
      status: 200,
      metrics: {
        asOf: now.toISOString(),
        measures: { followers: baselineFollowers(account ?? '') },
      },
    };
  }
  const post = ledger
    .byMarker(marker)
    .find((line) => account === undefined || line.account === account);
  if (!post) {
    return {
      status: 404,
      error: { code: 'post_unknown', message: `No post carries the marker ${marker}.` },
    };
  }
  const postedAt = Date.parse(post.at);
  const age = query.ageSeconds ?? Math.max(0, Math.floor((now.getTime() - postedAt) / 1000));
  return {
    status: 200,
    metrics: {
      asOf: new Date(postedAt + age * 1000).toISOString(),
      measures: measuresAt(marker, post.account, age),
    },
  };
}

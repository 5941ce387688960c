import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { type HttpOutcome, retryAfterMs } from '../../http/http-outcome.ts';
import { failureOf, LONGEST_WAIT_MS } from '../request-failures.ts';
import type { SourceFailure, SourceMeans } from '../source-kind.ts';
import { keptToken, type Token } from './kept-token.ts';
import { postForm } from './post-form.ts';

/** The key file of a service account, as Google hands it out. What else is in it is not kept. */
export const GoogleKey = z.object({
  type: z.literal('service_account', 'is "service_account": the key file of one'),
  client_email: z.email().max(300),
  private_key: z
    .string()
    .max(10_000)
    .refine(isRsaKey, 'is the private key of the key file, with its line ends'),
  private_key_id: z
    .string()
    .regex(/^[\w-]{1,200}$/)
    .optional(),
  token_uri: z.url({ protocol: /^https?$/ }).default('https://oauth2.googleapis.com/token'),
});
export type GoogleKey = z.infer<typeof GoogleKey>;

/** Shorter than what Google gives, so that a token never ends on its way. */
const EARLY_MS = 60_000;
const Grant = z.object({
  access_token: z.string().regex(/^\S{1,5000}$/),
  expires_in: z.int().min(1).max(86_400),
  token_type: z.literal('Bearer'),
});

/** What signing by RS256 asks for (RFC 7518, 3.3). */
const RSA_BITS = 2_048;
/** An assertion lives for an hour at most. */
const LIFE_S = 3_600;

interface Account {
  key: GoogleKey;
  scope: string;
}

interface GoogleRequest {
  url: string;
  /** Posted; a GET when absent. */
  json?: unknown;
  signal: AbortSignal;
}

type GoogleReader = <T>(
  asked: GoogleRequest,
  schema: z.ZodType<T>,
) => Promise<{ value: T } | SourceFailure>;

/** Asks an API of Google as a service account (RFC 7523). A token that is refused is renewed once. */
export function googleReader(means: SourceMeans, account: Account): GoogleReader {
  return async ({ url, json, signal }, schema) => {
    const tokenFor = (refused: string | null) =>
      keptToken(means, { secret: account, refused, login: () => login(means, account, signal) });
    const withToken = (token: string) =>
      means.http.requestJson(
        {
          method: json === undefined ? 'GET' : 'POST',
          url,
          headers: { authorization: `Bearer ${token}` },
          ...(json !== undefined && { json }),
          signal,
        },
        schema,
      );
    const token = await tokenFor(null);
    if (typeof token !== 'string') return token;
    const first = await withToken(token);
    if (first.kind === 'json') return { value: first.value };
    if (first.kind !== 'response' || first.status !== 401) return failed(first, means.now());
    const renewed = await tokenFor(token);
    if (typeof renewed !== 'string') return renewed;
    const second = await withToken(renewed);
    return second.kind === 'json' ? { value: second.value } : failed(second, means.now());
  };
}

async function login(
  { http, now }: SourceMeans,
  { key, scope }: Account,
  signal: AbortSignal,
): Promise<Token | SourceFailure> {
  const assertion = await new SignJWT({ scope })
    .setProtectedHeader({
      alg: 'RS256',
      typ: 'JWT',
      ...(key.private_key_id !== undefined && { kid: key.private_key_id }),
    })
    .setIssuer(key.client_email)
    .setAudience(key.token_uri)
    .setIssuedAt(Math.floor(now() / 1_000))
    .setExpirationTime(Math.floor(now() / 1_000) + LIFE_S)
    .sign(createPrivateKey(key.private_key));
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
  const outcome = await postForm(http, { url: key.token_uri, form, signal }, Grant);
  if (outcome.kind === 'json') {
    const { access_token, expires_in } = outcome.value;
    return { token: access_token, until: now() + expires_in * 1_000 - EARLY_MS };
  }
  const failure = failureOf(outcome, now());
  // `invalid_grant`: the key was deleted, or is of another account.
  return outcome.kind === 'response' && outcome.status === 400
    ? { ...failure, unavailable: 'it refused the service account', credentialsRefused: true }
    : failure;
}

const Refusal = z.object({
  error: z.object({
    status: z.string().optional(),
    errors: z.array(z.object({ reason: z.string() })).optional(),
  }),
});
/** Search Console says with 403 that it is asked too often. */
const THROTTLE_REASONS = new Set([
  'quotaExceeded',
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'dailyLimitExceeded',
]);
const THROTTLE_WAIT_MS = 15 * 60_000;

function failed(outcome: HttpOutcome, now: number): SourceFailure {
  const failure = failureOf(outcome, now);
  if (outcome.kind !== 'response') return failure;
  const refusal = refusalOf(outcome.body);
  const throttled =
    refusal?.status === 'RESOURCE_EXHAUSTED' ||
    refusal?.errors?.some(({ reason }) => THROTTLE_REASONS.has(reason)) === true;
  if (!throttled) return failure;
  const unavailable = `it answered ${outcome.status}: asked as often as it allows`;
  const waitMs = retryAfterMs(outcome.headers, now) ?? THROTTLE_WAIT_MS;
  return { unavailable, retry: true, retryAfterMs: Math.min(waitMs, LONGEST_WAIT_MS) };
}

function refusalOf(body: Buffer): z.infer<typeof Refusal>['error'] | null {
  try {
    return Refusal.safeParse(JSON.parse(body.toString('utf8'))).data?.error ?? null;
  } catch {
    return null;
  }
}

function isRsaKey(text: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(text);
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS;
  } catch {
    return false;
  }
}

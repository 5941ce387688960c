import { createHmac, timingSafeEqual } from 'node:crypto';

/** Headers of a Standard Webhooks delivery. */
export interface SignedHeaders {
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
}

/**
 * The signed headers of a request under either of their names: `svix-…` are the same three. A header
 * that is given twice and differs is none at all, so that nobody is left to choose which one was meant.
 */
export function signedHeaders(read: (name: string) => string | undefined): SignedHeaders {
  const either = (name: string) => {
    const [standard, svix] = [read(`webhook-${name}`), read(`svix-${name}`)];
    return standard === undefined || svix === undefined || standard === svix
      ? (standard ?? svix)
      : undefined;
  };
  return { id: either('id'), timestamp: either('timestamp'), signature: either('signature') };
}

/** A delivery whose signature was found good. */
export interface VerifiedDelivery {
  webhookId: string;
}

/** How far a delivery's clock may be off, either way. */
const TOLERANCE_SECONDS = 5 * 60;
const MAX_SIGNATURES = 5;
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const TIMESTAMP = /^\d{1,12}$/;
/** One entry of the signature header: a version, and the signature in base64. */
const SIGNATURE = /^v[0-9]{1,2}[a-z]?,[A-Za-z0-9+/]{1,512}={0,2}$/;
const SECRET = /^whsec_([A-Za-z0-9+/]{32,512}={0,2})$/;

/**
 * Verifies a Standard Webhooks delivery: HMAC-SHA256 over `id.timestamp.rawBody` by one of the
 * secrets, timestamp within five minutes. Null for anything else; why is nobody's business but the
 * log's. The signature proves the sender, not what the sender may do, and not that it is new.
 * @param secrets `whsec_…`, every one that is valid now.
 */
export function verifyDelivery(
  rawBody: Uint8Array,
  headers: SignedHeaders,
  { secrets, nowMs }: { secrets: readonly string[]; nowMs: number },
): VerifiedDelivery | null {
  const { id = '', timestamp = '', signature = '' } = headers;
  const signatures = signature.split(' ');
  const wellFormed =
    ID.test(id) &&
    TIMESTAMP.test(timestamp) &&
    signatures.length <= MAX_SIGNATURES &&
    signatures.every((entry) => SIGNATURE.test(entry));
  // Computed in every case, so that a malformed header takes as long as a wrong signature.
  const matches = anyMatches(
    secrets.map((secret) => signatureOf(rawBody, { id, timestamp }, secret)),
    signatures.slice(0, MAX_SIGNATURES),
  );
  return wellFormed && matches && isFresh(timestamp, nowMs) ? { webhookId: id } : null;
}

/**
 * The `v1` entry of a signature header.
 * @throws RangeError when the secret is not `whsec_` and at least 24 bytes in base64.
 */
export function signatureOf(
  rawBody: Uint8Array,
  { id, timestamp }: { id: string; timestamp: string },
  secret: string,
): string {
  const key = SECRET.exec(secret)?.[1];
  if (key === undefined) throw new RangeError('a webhook secret is whsec_ and 24 bytes in base64');
  const mac = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${id}.${timestamp}.`, 'utf8')
    .update(rawBody)
    .digest('base64');
  return `v1,${mac}`;
}

/** Compares texts, not decoded bytes: base64 has several spellings of the same bytes. */
function anyMatches(expected: readonly string[], signatures: readonly string[]): boolean {
  let found = false;
  for (const signature of expected) {
    for (const entry of signatures) {
      if (isSame(signature, entry)) found = true;
    }
  }
  return found;
}

/** Compares two texts in a time that tells nothing of where they differ. */
export function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** @param timestamp seconds since 1970. */
export function isFresh(timestamp: string, nowMs: number): boolean {
  const seconds = Math.floor(nowMs / 1_000);
  return Math.abs(seconds - Number(timestamp)) <= TOLERANCE_SECONDS;
}

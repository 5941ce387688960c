import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';

/**
 * RFC 8785 (JSON Canonicalization Scheme) text of a JSON value.
 * @throws TypeError when the value has no JSON form (undefined, a function, NaN, an infinity).
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('the value has no canonical JSON form');
  return text;
}

/** Lower-case hex SHA-256 of the UTF-8 bytes of a text. Pure JavaScript: it also runs inside a workflow. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** Hex SHA-256 over the canonical JSON of a value. */
export function hashOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

/**
 * The content hash that approvals bind to and the send re-checks. The draft's hash covers body,
 * asset hashes and every variant; the brief's hash covers the brief: so this is one hash over all.
 */
export function contentHashOf(content: { briefHash: string; draftHash: string }): string {
  return hashOf({ brief: content.briefHash, draft: content.draftHash });
}

/** The address itself is refused: trying again does not help. */
export const REFUSED_ADDRESS_CODES = [
  'url_invalid',
  'url_has_credentials',
  'scheme_not_allowed',
  'port_not_allowed',
  'address_not_allowed',
  'header_not_allowed',
] as const;

/** The request never reached the other side: sending it again cannot do anything twice. */
export const NOT_SENT_CODES = [
  ...REFUSED_ADDRESS_CODES,
  'dns_failed',
  'connection_refused',
  'connection_failed',
  'connect_timeout',
  'tls_failed',
  'too_late',
  'aborted',
] as const;
export type NotSentCode = (typeof NOT_SENT_CODES)[number];

/** The other side may have processed the request, or has; its answer cannot be used. */
export const UNKNOWN_CODES = [
  'timeout',
  'connection_lost',
  'protocol_error',
  'redirected',
  'response_too_large',
  'content_type_not_accepted',
  'content_encoding_not_accepted',
  'body_unreadable',
  'aborted',
] as const;
export type UnknownCode = (typeof UNKNOWN_CODES)[number];

/** Proven before processing. */
export interface NotSent {
  kind: 'not_sent';
  code: NotSentCode;
  message: string;
}

/** Sent, or perhaps sent, without a usable answer; `status` where one was read. */
export interface Unknown {
  kind: 'unknown';
  code: UnknownCode;
  message: string;
  status?: number;
}

/** A complete answer of any status but a redirect. Header names are lower-case. */
export interface HttpResponse {
  kind: 'response';
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** A 2xx answer whose body is JSON of the asked shape. */
export interface JsonResponse<T> {
  kind: 'json';
  status: number;
  headers: Readonly<Record<string, string>>;
  value: T;
}

export type HttpOutcome = HttpResponse | NotSent | Unknown;

/** `response` is then always an answer outside 2xx. */
export type JsonOutcome<T> = JsonResponse<T> | HttpOutcome;

/**
 * How long a server asks to wait (`Retry-After`: seconds or an HTTP date).
 * @param now epoch milliseconds
 * @returns milliseconds, at least 0; null when the header is missing or not understood
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  now: number,
): number | null {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

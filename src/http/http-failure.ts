import type { NotSent, NotSentCode, Unknown, UnknownCode } from './http-outcome.ts';

/** How far a request had come when it failed. */
export interface TransferPhase {
  /** The connection stood (after TLS): from here on the other side may have seen the request. */
  connected: boolean;
  /** Nothing was written: the time to begin was over. */
  writeTooLate: boolean;
  timedOut: boolean;
  aborted: boolean;
}

const DNS_CODES = /^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL|ENONAME)/;
const TLS_CODES =
  /^(ERR_SSL_|ERR_TLS_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|CRL_)/;
const PROTOCOL_CODES =
  /^(HPE_|HTTPParserError|UND_ERR_HEADERS_OVERFLOW|UND_ERR_INVALID_|UND_ERR_NOT_SUPPORTED)/;

/**
 * What a failed transfer means. Only what failed before the connection stood is proven unprocessed; whatever
 * came later is unknown, however harmless it looks.
 */
export function failureOf(error: unknown, phase: TransferPhase, host: string): NotSent | Unknown {
  const code = codeOf(error);
  if (phase.writeTooLate) {
    return { kind: 'not_sent', code: 'too_late', message: `too late to write to ${host}` };
  }
  return phase.connected
    ? { kind: 'unknown', ...afterConnect(error, code, phase, host) }
    : { kind: 'not_sent', ...beforeConnect(error, code, phase, host) };
}

function beforeConnect(
  error: unknown,
  code: string,
  phase: TransferPhase,
  host: string,
): { code: NotSentCode; message: string } {
  if (phase.aborted) return { code: 'aborted', message: `given up while connecting to ${host}` };
  if (phase.timedOut || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return { code: 'connect_timeout', message: `no connection to ${host} in time` };
  }
  if (code === 'ADDRESS_NOT_ALLOWED') {
    return { code: 'address_not_allowed', message: messageOf(error) };
  }
  if (DNS_CODES.test(code)) {
    return { code: 'dns_failed', message: `the name ${host} could not be resolved (${code})` };
  }
  if (code === 'ECONNREFUSED') {
    return { code: 'connection_refused', message: `${host} refused the connection` };
  }
  if (TLS_CODES.test(code)) {
    return { code: 'tls_failed', message: `no trusted TLS connection to ${host} (${code})` };
  }
  return { code: 'connection_failed', message: `no connection to ${host} (${code})` };
}

function afterConnect(
  error: unknown,
  code: string,
  phase: TransferPhase,
  host: string,
): { code: UnknownCode; message: string } {
  if (phase.aborted) return { code: 'aborted', message: `given up while ${host} was working` };
  if (phase.timedOut)
    return { code: 'timeout', message: `${host} gave no complete answer in time` };
  if (code === 'RESPONSE_TOO_LARGE') {
    return { code: 'response_too_large', message: messageOf(error) };
  }
  if (PROTOCOL_CODES.test(code)) {
    return { code: 'protocol_error', message: `${host} did not answer in HTTP (${code})` };
  }
  return { code: 'connection_lost', message: `the connection to ${host} broke (${code})` };
}

/** A system or library code; where an error has none (undici's parser), its name. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no code';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

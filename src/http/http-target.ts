import { isIP } from 'node:net';
import { isPublicAddress } from './address-guard.ts';
import type { NotSent } from './http-outcome.ts';

const USER_AGENT = 'baton';

/** Set by the connection itself, or able to smuggle a second request or leave through a proxy. */
const OWN_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Where a request goes. */
export interface Target {
  url: URL;
  /** False for an allowed origin: its addresses are not checked. */
  guarded: boolean;
}

/** @throws TypeError when an allowed origin is not an origin: a path or a login in it would be ignored. */
export function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || `${url.origin}/` !== url.href) {
    throw new TypeError(`allowedOrigins: ${text} is not an origin such as http://127.0.0.1:4010`);
  }
  return url.origin;
}

/** Whether a request may go to an address at all; names are checked when they are resolved. */
export function checkTarget(
  text: string,
  settings: { allowedOrigins: ReadonlySet<string>; allowedPorts: ReadonlySet<number> },
): Target | NotSent {
  if (!URL.canParse(text)) return notSent('url_invalid', 'the address is not a URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return notSent('url_has_credentials', `the address of ${url.host} holds a login`);
  }
  if (settings.allowedOrigins.has(url.origin)) return { url, guarded: false };
  if (url.protocol !== 'https:') {
    return notSent('scheme_not_allowed', `${url.protocol}//${url.host} is not https`);
  }
  if (!settings.allowedPorts.has(url.port === '' ? 443 : Number(url.port))) {
    return notSent('port_not_allowed', `port ${url.port} of ${url.hostname} is not allowed`);
  }
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !isPublicAddress(literal)) {
    return notSent('address_not_allowed', `${literal} is not a public address`);
  }
  return { url, guarded: true };
}

/** Ports of public HTTPS. */
export const PUBLIC_PORTS = [443, 8443] as const;

/** Names that lead into a network, whatever it is. */
const INSIDE_NAME = /^[^.]+$|(^|\.)(localhost|local|internal|home\.arpa)\.?$/i;

/**
 * Why an address that somebody stores could never be reached from here; null for one that may be. What
 * its name leads to is checked at every request.
 */
export function faultOfAddress(text: string, allowedOrigins: readonly string[]): string | null {
  const target = checkTarget(text, {
    allowedOrigins: new Set(allowedOrigins.map(originOf)),
    allowedPorts: new Set(PUBLIC_PORTS),
  });
  if ('kind' in target) return target.message;
  const { hostname } = target.url;
  return target.guarded && INSIDE_NAME.test(hostname) && !hostname.startsWith('[')
    ? `${hostname} is not a public name`
    : null;
}

/** The headers as they will be sent, names in lower case. */
export function checkHeaders(asked: {
  accept?: readonly string[];
  headers?: Readonly<Record<string, string>>;
}): { headers: Record<string, string> } | NotSent {
  const headers: Record<string, string> = { 'user-agent': USER_AGENT };
  if (asked.accept) headers['accept'] = asked.accept.join(', ');
  for (const [name, value] of Object.entries(asked.headers ?? {})) {
    const lower = name.toLowerCase();
    if (!HEADER_NAME.test(lower) || OWN_HEADERS.has(lower) || lower.startsWith('proxy-')) {
      return notSent('header_not_allowed', `header ${JSON.stringify(name)} cannot be set`);
    }
    if (!HEADER_VALUE.test(value)) {
      return notSent('header_not_allowed', `header ${lower} has characters a header cannot hold`);
    }
    headers[lower] = value;
  }
  return { headers };
}

function notSent(code: NotSent['code'], message: string): NotSent {
  return { kind: 'not_sent', code, message };
}

/** Headers that the gates give with answers of any route, as the document names them. */

interface DocumentedHeader {
  description: string;
  schema: { type: 'string' };
}

interface DocumentedResponse {
  headers?: Record<string, unknown>;
}

interface DocumentedOperation {
  security?: Record<string, unknown>[];
  responses?: Record<string, DocumentedResponse>;
}

function text(description: string): DocumentedHeader {
  return { description, schema: { type: 'string' } };
}

const ALWAYS = { 'X-Request-Id': text('names this request in the log') };

const ALLOWANCE = {
  'RateLimit-Limit': text('requests per second'),
  'RateLimit-Remaining': text('what is left of them'),
  'RateLimit-Reset': text('seconds until all of them are there again'),
  'RateLimit-Policy': text('the limit and its window'),
};

const RETRY = { 'Retry-After': text('seconds to wait before the same request') };

const BY_STATUS: Record<string, Record<string, DocumentedHeader>> = {
  401: { 'WWW-Authenticate': text('where an API key is the credential') },
  // Another request with the same key is at work.
  409: RETRY,
  429: { ...RETRY, ...ALLOWANCE },
  503: RETRY,
};

/** Adds them to every operation of a document. */
export function documentAnswerHeaders(paths: Record<string, object>): void {
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item) as DocumentedOperation[]) {
      const withKey = operation.security?.some((one) => 'apiKey' in one) ?? false;
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        response.headers = {
          ...ALWAYS,
          ...(withKey && status !== '401' && ALLOWANCE),
          ...BY_STATUS[status],
          ...response.headers,
        };
      }
    }
  }
}

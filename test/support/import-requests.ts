import { type ClientRequest, request as httpRequest } from 'node:http';
import type { Json } from './api-fixture.ts';
import type { IdleApi } from './idle-api.ts';

export const AS_OF = '2026-03-02T08:00:00Z';
/** A mapping that is shipped: `Post id,Likes`. */
export const X = 'x-post-analytics';

export interface ImportOptions {
  role?: string;
  mapping?: string;
  asOf?: string | null;
  /** Of the query. */
  more?: string;
  type?: string;
}

/** A file that is sent piece by piece. */
export interface SlowUpload {
  request: ClientRequest;
  /** Status and body; status 0: the connection was lost before an answer. */
  answer: Promise<{ status: number; json: Json }>;
}

/** Imports of the workspace of an API. */
export function importsOf(api: IdleApi) {
  function pathOf({ mapping = X, asOf = AS_OF, more = '' }: ImportOptions): string {
    const time = asOf === null ? '' : `&asOf=${asOf}`;
    return `/v1/readings/imports?mapping=${mapping}${time}${more}`;
  }

  return {
    send(file: string | Buffer, options: ImportOptions = {}) {
      const { role = 'social_media_manager', type = 'text/csv' } = options;
      return api.as(role, 'POST', pathOf(options), {
        body: file,
        headers: { 'content-type': type },
      });
    },

    /** @param headers beside those that every import has. */
    upload(options: ImportOptions = {}, headers: Record<string, string | number> = {}): SlowUpload {
      const request = httpRequest(new URL(`${api.url}${pathOf(options)}`), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${api.keyOf(options.role ?? 'strategist')}`,
          'content-type': options.type ?? 'text/csv',
          ...headers,
        },
      });
      const answer = new Promise<{ status: number; json: Json }>((resolve) => {
        request.on('error', () => resolve({ status: 0, json: null }));
        request.on('response', async (response) => {
          let text = '';
          for await (const part of response) text += part;
          resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) });
        });
      });
      return { request, answer };
    },

    readingsOf: async (itemId: string): Promise<Json[]> =>
      (await api.as('creator', 'GET', `/v1/items/${itemId}/readings?limit=200`)).json.items,
    rowsOf: async (id: string, query = ''): Promise<Json> =>
      (await api.as('creator', 'GET', `/v1/readings/imports/${id}/rows${query}`)).json,
    latest: async (): Promise<Json> =>
      (await api.as('creator', 'GET', '/v1/readings/imports?limit=1')).json.items[0],
  };
}

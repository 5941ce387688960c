import type { z } from 'zod';
import { type HttpClient, httpClientOf } from '../../http/http-client.ts';
import type { JsonOutcome } from '../../http/http-outcome.ts';

/** Posts a form and reads JSON. What is secret goes into a body: addresses are written to logs. */
export function postForm<T>(
  http: HttpClient,
  { url, form, signal }: { url: string; form: Record<string, string>; signal: AbortSignal },
  schema: z.ZodType<T>,
): Promise<JsonOutcome<T>> {
  const body = new URLSearchParams(form).toString();
  return httpClientOf((request) => http.request({ ...request, body })).requestJson(
    {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      signal,
    },
    schema,
  );
}

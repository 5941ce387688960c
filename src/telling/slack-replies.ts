import type { HttpClient } from '../http/http-client.ts';

const SLACK = 'https://hooks.slack.com';
const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 4_096;

/** Posts to the address that a click named. @returns whether Slack took it, or never will. */
export type SlackReply = (url: string, message: object) => Promise<'sent' | 'failed' | 'refused'>;

/** @param allowedOrigins beside Slack's own. */
export function createSlackReplies(
  http: HttpClient,
  allowedOrigins: readonly string[],
): SlackReply {
  return async (url, message) => {
    const origin = URL.canParse(url) ? new URL(url).origin : '';
    if (origin !== SLACK && !allowedOrigins.includes(origin)) return 'refused';
    const outcome = await http.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_ANSWER_BYTES,
    });
    if (outcome.kind !== 'response') return 'failed';
    if (outcome.status >= 200 && outcome.status < 300) return 'sent';
    return outcome.status === 429 || outcome.status >= 500 ? 'failed' : 'refused';
  };
}

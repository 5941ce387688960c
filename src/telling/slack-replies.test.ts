import { describe, expect, it } from 'vitest';
import type { HttpClient, HttpRequest } from '../http/http-client.ts';
import { createSlackReplies } from './slack-replies.ts';

function answering(status: number | null) {
  const asked: HttpRequest[] = [];
  const request = async (one: HttpRequest) => {
    asked.push(one);
    return status === null
      ? { kind: 'not_sent', code: 'connect_failed', message: 'away' }
      : { kind: 'response', status, headers: {}, body: new Uint8Array() };
  };
  const http = { request } as unknown as HttpClient;
  return { asked, reply: createSlackReplies(http, ['http://127.0.0.1:9']) };
}

describe('the answer to a click', () => {
  it('goes to Slack, and where this deployment allows it', async () => {
    const { asked, reply } = answering(200);
    expect(await reply('https://hooks.slack.com/actions/T1/2/x', { text: 'Done' })).toBe('sent');
    expect(await reply('http://127.0.0.1:9/x', { text: 'Done' })).toBe('sent');
    expect(asked.map(({ url, body }) => [url, body])).toEqual([
      ['https://hooks.slack.com/actions/T1/2/x', '{"text":"Done"}'],
      ['http://127.0.0.1:9/x', '{"text":"Done"}'],
    ]);
  });

  it.each([
    'http://hooks.slack.com/x',
    'https://hooks.slack.com.evil.example/x',
    'https://hooks.slack.com:8443/x',
    'https://user@evil.example/hooks.slack.com',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'no address',
  ])('goes nowhere else: %s', async (url) => {
    const { asked, reply } = answering(200);
    expect(await reply(url, {})).toBe('refused');
    expect(asked).toEqual([]);
  });

  it('is worth another try when Slack is away or busy, and no other', async () => {
    const outcome = (status: number | null) =>
      answering(status).reply('https://hooks.slack.com/x', {});
    expect(await Promise.all([null, 429, 500].map(outcome))).toEqual([
      'failed',
      'failed',
      'failed',
    ]);
    expect(await Promise.all([400, 404].map(outcome))).toEqual(['refused', 'refused']);
  });
});

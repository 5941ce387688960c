import { describe, expect, it } from 'vitest';
import { isSignedBySlack, slackSignatureOf } from './slack-signature.ts';

/** The example of Slack's documentation ("Verifying requests from Slack"). */
const secret = '8f742231b10e8888abcd99yyyzzz85a5';
const timestamp = '1531420618';
const body = Buffer.from(
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
);
const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
const nowMs = Number(timestamp) * 1_000;

const isGood = (change: object = {}, at = nowMs, secrets = [secret], bytes = body) =>
  isSignedBySlack(bytes, { timestamp, signature, ...change }, { secrets, nowMs: at });

describe('a request that Slack signed', () => {
  it('is the one of its documentation', () => {
    expect(slackSignatureOf(body, timestamp, secret)).toBe(signature);
    expect(isGood()).toBe(true);
  });

  it('is accepted by any secret that is valid, within five minutes either way', () => {
    expect(isGood({}, nowMs, ['another one', secret])).toBe(true);
    for (const seconds of [-300, 300]) expect(isGood({}, nowMs + seconds * 1_000)).toBe(true);
    for (const seconds of [-301, 301]) expect(isGood({}, nowMs + seconds * 1_000)).toBe(false);
  });

  it.each([
    ['no timestamp', { timestamp: undefined }],
    ['no signature', { signature: undefined }],
    ['another timestamp', { timestamp: '1531420619' }],
    ['a timestamp with a sign', { timestamp: '+1531420618' }],
    ['another version', { signature: signature.replace('v0', 'v1') }],
    ['capital letters', { signature: signature.toUpperCase() }],
    ['a signature cut short', { signature: signature.slice(0, -1) }],
  ])('is refused with %s', (_, change) => {
    expect(isGood(change)).toBe(false);
  });

  it('is refused with another body or another secret', () => {
    expect(isGood({}, nowMs, [secret], Buffer.concat([body, Buffer.from('&')]))).toBe(false);
    expect(isGood({}, nowMs, ['another one'])).toBe(false);
    expect(isGood({}, nowMs, [])).toBe(false);
  });
});

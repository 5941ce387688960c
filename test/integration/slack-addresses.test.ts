import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

const preferences = { channels: {}, digest: 'off', language: 'en', zone: 'UTC' };
const inside = 'http://10.0.0.7:9000';

const apis: IdleApi[] = [];
/** The API of a deployment, where `inside` is an allowed origin. */
async function open(local: boolean): Promise<IdleApi> {
  const api = await openIdleApi({ settings: { local, allowedOrigins: [inside] } });
  apis.push(api);
  return api;
}

let deployed: IdleApi;
let local: IdleApi;
beforeAll(async () => {
  [deployed, local] = await Promise.all([open(false), open(true)]);
});
afterAll(() => Promise.all(apis.map((api) => api.close())));

const chooses = (api: IdleApi, role: string, slackUrl: string) =>
  api.as(role, 'PUT', '/v1/me/preferences', { body: { ...preferences, slackUrl } });
const shares = (api: IdleApi, url: string) =>
  api.as('strategist', 'PUT', '/v1/slack-channel', { body: { url } });

describe('an address for Slack messages', () => {
  it.each([
    ['a name and a password', 'https://user:secret@hooks.slack.com/x'],
    ['a password alone', 'https://:secret@hooks.slack.com/x'],
    ['a private address', 'https://10.0.0.8/x'],
    ['this machine', 'https://127.0.0.1/x'],
    ['a private address in brackets', 'https://[fd00::1]/x'],
    ['the address of a cloud’s secrets', 'https://169.254.169.254/latest'],
    ['a name inside', 'https://slack.internal/x'],
    ['a port that is not of public HTTPS', 'https://hooks.slack.com:6379/x'],
    ['no TLS', 'http://hooks.slack.com/x'],
    ['none', 'hooks'],
  ])(
    'is refused with %s, for a member and for the workspace, on the local stack as well',
    async (_, url) => {
      for (const api of [deployed, local]) {
        const own = await chooses(api, 'editor', url);
        expect([own.status, own.json.issues?.[0].path]).toEqual([400, 'slackUrl']);
        const shared = await shares(api, url);
        expect([shared.status, shared.json.issues?.[0].path]).toEqual([400, 'url']);
      }
    },
  );

  it('may be public, of anybody', async () => {
    const url = 'https://hooks.slack.com/services/T0/B0/secret';
    expect((await chooses(deployed, 'editor', url)).status).toBe(200);
    expect((await shares(deployed, url)).status).toBe(200);
  });

  it('may be at an allowed origin where an admin says so, or on the local stack', async () => {
    const url = `${inside}/hook`;
    const refused = await chooses(deployed, 'editor', url);
    expect([refused.status, refused.json.issues?.[0].path]).toEqual([400, 'slackUrl']);
    expect((await chooses(deployed, 'strategist', url)).status).toBe(200);
    expect((await shares(deployed, url)).status).toBe(200);
    expect((await chooses(local, 'editor', url)).status).toBe(200);
  });
});

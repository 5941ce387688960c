import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { BatonPendingError } from './errors.ts';
import { sendWebhook } from './webhook-call.ts';
import { signWebhook } from './webhook-signature.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('signing a webhook', () => {
  it('gives the headers that the specification’s own example has', () => {
    const headers = signWebhook({
      secret: 'whsec_plJ3nmyCDGBKInavdOK15jsl',
      id: 'msg_loFOjxBNrRLzqYUf',
      timestamp: new Date(1_731_705_121_000),
      body: '{"event_type":"ping","data":{"success":true}}',
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_loFOjxBNrRLzqYUf',
      'webhook-timestamp': '1731705121',
      'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    });
  });

  it('covers every byte of the body', () => {
    const body = '{"name":"Maëlle – 18 h 30"}';
    const headers = signWebhook({ secret, body, id: 'a' });
    expect(new Webhook(secret).verify(body, headers)).toEqual({ name: 'Maëlle – 18 h 30' });
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
  });

  it.each([
    ['secret', { secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', body: '{}', id: 'a' }],
    ['secret', { secret: 'whsec_not base64', body: '{}', id: 'a' }],
    ['id', { secret, body: '{}', id: 'two words' }],
    ['id', { secret, body: '{}', id: 'a'.repeat(65) }],
  ])('refuses a bad %s by name', (field, call) => {
    expect(() => signWebhook(call)).toThrow(new RegExp(`^${field}: must be`));
  });
});

describe('sending a webhook', () => {
  const call = { type: 'accept_handoff', data: { itemId: 'itm_1', handoffId: 'hnd_1_1' } } as const;
  const delivery = { address: 'http://baton.test/v1/webhooks/whe_1', secret, call };

  it('repeats the same delivery, signed anew, while there is no verdict', async () => {
    const ids: string[] = [];
    const answer = await sendWebhook({
      ...delivery,
      fetch: async (_, init = {}) => {
        const headers = Object.fromEntries(new Headers(init.headers));
        expect(headers['authorization']).toBeUndefined();
        expect(new Webhook(secret).verify(String(init.body), headers)).toEqual(call);
        ids.push(headers['webhook-id'] ?? '');
        const isFirst = ids.length === 1;
        return Response.json(
          { outcome: isFirst ? 'pending' : 'applied', commandId: 'c' },
          { status: isFirst ? 202 : 200 },
        );
      },
    });
    expect(answer).toMatchObject({ outcome: 'applied' });
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });

  it('gives up after its deadline and names the stored command', async () => {
    const sent = sendWebhook({
      ...delivery,
      verdictWithinMs: 0,
      fetch: async () => Response.json({ outcome: 'pending', commandId: 'c' }, { status: 202 }),
    });
    await expect(sent).rejects.toBeInstanceOf(BatonPendingError);
  });
});

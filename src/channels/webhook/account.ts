import { z } from 'zod';

const address = z
  .url({ protocol: /^https?$/, error: 'is an https address', abort: true })
  .max(2048)
  .refine((text) => {
    const { username, password, hash } = new URL(text);
    return username === '' && password === '' && hash === '';
  }, 'has no login and no fragment');

export const WebhookSettings = z.strictObject({
  /** Where posts are sent. */
  url: address,
  /**
   * What the receiver promises. `exact`: deliveries with the same `webhook-id` are one post, for ever. `none`: it
   * promises nothing, so nothing is sent again by itself.
   */
  idempotency: z.enum(['exact', 'none']).default('none'),
  /** Asked with `?id=<webhook-id>` whether a post is there: 200 with it, or 404. */
  lookupUrl: address.optional(),
});
export type WebhookSettings = z.infer<typeof WebhookSettings>;

export const WebhookCredentials = z.strictObject({
  /** Signs by Standard Webhooks: made by whoever runs the receiver. */
  secret: z
    .string()
    .regex(
      /^whsec_[A-Za-z0-9+/]{32,512}={0,2}$/,
      'is whsec_ and at least 24 random bytes in base64',
    ),
});

import { z } from 'zod';
import { type ClickCount, defineSource } from './source-kind.ts';

/** Baton's own short links (docs/links.md). The sandbox network counts its own. */
export const REDIRECTOR = defineSource({
  id: 'redirector',
  name: 'Short links',
  origin: ({ countClicks }) => (countClicks === undefined ? null : { countClicks }),
  config: z.strictObject({
    countClicks: z.custom<ClickCount>((value) => typeof value === 'function'),
  }),
  secret: z.strictObject({}),
  supplies: (channel) => (channel === 'sandbox' ? [] : ['link_clicks']),
  settlingMs: 0,
  limit: null,
  definitions: { link_clicks: 'link-clicks:baton-redirect' },
  create: ({ config }) => ({
    check: async () => ({ ok: true, detail: 'it is part of Baton' }),
    async collect({ publication }) {
      const clicks = await config.countClicks(publication.id);
      return { measures: { link_clicks: clicks ?? 'not_available' } };
    },
  }),
});

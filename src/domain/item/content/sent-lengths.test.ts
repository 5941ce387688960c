import { describe, expect, it } from 'vitest';
import { makeDraft } from '../../../../test/support/content.ts';
import type { LinkRule } from '../../links/outgoing-link.ts';
import { draftViolations } from './digests.ts';

describe('the length of a text', () => {
  const link = `https://shop.example/${'long-'.repeat(60)}`;
  const draft = makeDraft({
    variants: [{ channel: 'bluesky', text: `${'x'.repeat(200)} ${link}`, link }],
  });
  const violations = (rule: LinkRule | null) =>
    draftViolations(draft, new Map(), {
      workspaceId: 'wsp_1',
      itemId: 'itm_01KAMJ5SQ0',
      rule,
      names: ['Spring'],
    });

  it('is that with the link as it is sent', () => {
    expect(violations(null)[0]?.message).toContain('takes 300 characters; the text has 522');
    expect(violations({ utm: true, shortLinks: 'https://go.example.com' })).toEqual([]);
    const tagged = violations({ utm: true });
    const tags =
      '?utm_source=bluesky&utm_medium=organic-social&utm_campaign=spring&utm_content=pub_01KAMJ5SQ0_99';
    expect(tagged[0]?.message).toContain(`the text has ${522 + tags.length}`);
  });
});

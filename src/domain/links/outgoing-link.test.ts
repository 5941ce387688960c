import { describe, expect, it } from 'vitest';
import {
  expectedLink,
  type LinkGround,
  LinkRule,
  linkCode,
  outgoingLink,
  ownHostOf,
  replaceLink,
  withAddress,
} from './outgoing-link.ts';

const GROUND: LinkGround = {
  workspaceId: 'wsp_1',
  itemId: 'itm_01A',
  rule: { utm: true, shortLinks: 'https://go.example.com' },
  names: ['Spring'],
};
const OF = {
  publicationId: 'pub_01A_1',
  channel: 'mastodon',
  written: 'https://ex.org/a',
} as const;
const TARGET =
  'https://ex.org/a?utm_source=mastodon&utm_medium=organic-social&utm_campaign=spring&utm_content=pub_01A_1';

describe('an outgoing link', () => {
  it('is a short one that leads to the tagged one, the same whenever it is made', () => {
    const link = outgoingLink(GROUND, OF);
    expect(link).toMatchObject({
      target: TARGET,
      address: `https://go.example.com/r/${link?.code}`,
    });
    expect(link?.code).toMatch(/^[0-9A-Za-z]{12}$/);
    expect(outgoingLink(GROUND, OF)).toEqual(link);
  });

  it('is tagged only, shortened only, or as it is written', () => {
    const of = (rule: LinkRule | null) => outgoingLink({ ...GROUND, rule }, OF);
    expect(of({ utm: true })).toMatchObject({ target: TARGET, address: TARGET });
    expect(of({ utm: false, shortLinks: 'https://go.example.com' })).toMatchObject({
      target: OF.written,
    });
    expect(of({ utm: false })).toMatchObject({ target: OF.written, address: OF.written });
    expect(of(null)).toBeNull();
  });

  it('has a code of its own for each workspace, publication and link', () => {
    const base = { workspaceId: 'wsp_1', publicationId: 'pub_1', written: 'https://ex.org/' };
    const codes = [
      base,
      { ...base, workspaceId: 'wsp_2' },
      { ...base, publicationId: 'pub_2' },
      { ...base, written: 'https://ex.org/b' },
    ].map(linkCode);
    expect(new Set(codes).size).toBe(4);
  });

  it('stays as it is inside the site that it is published on, and where it is a short one', () => {
    const account = { channel: 'webhook', settings: { url: 'https://ex.org/hook' } };
    const ownHost = ownHostOf(account);
    expect(outgoingLink(GROUND, { ...OF, channel: 'webhook', ownHost })).toBeNull();
    const abroad = { ...OF, channel: 'webhook', ownHost: 'else.org' } as const;
    expect(outgoingLink(GROUND, abroad)?.target).toContain('utm_medium=referral');
    const short = { ...OF, written: 'https://go.example.com/r/abcdefghijkl' };
    expect(outgoingLink(GROUND, short)).toBeNull();
    expect(ownHostOf({ channel: 'mastodon', settings: { url: 'https://ex.org' } })).toBeNull();
  });

  it('is expected as long as it may get', () => {
    const rule = { utm: true };
    const expected = expectedLink({ ...GROUND, rule }, { channel: 'mastodon', link: OF.written });
    expect(expected?.address).toBe(TARGET.replace('pub_01A_1', 'pub_01A_99'));
  });
});

describe('the rule', () => {
  it.each([
    'https://go.example.com/',
    'https://go.example.com/r',
    'https://user@go.example.com',
    'go.example.com',
    'javascript:alert(1)',
    `https://${'a'.repeat(80)}.example`,
  ])('takes no %j as the address of short links', (shortLinks) => {
    expect(LinkRule.safeParse({ utm: true, shortLinks }).success).toBe(false);
  });
});

describe('a text with another address', () => {
  const sent = { written: 'https://ex.org/a', address: 'https://s.io/r/x' };
  it.each([
    ['see https://ex.org/a', 'see https://s.io/r/x'],
    ['https://ex.org/a\nand https://ex.org/a.', 'https://s.io/r/x\nand https://s.io/r/x.'],
    ['(https://ex.org/a), “https://ex.org/a”', '(https://s.io/r/x), “https://s.io/r/x”'],
    ['https://ex.org/ab https://ex.org/a/b', 'https://ex.org/ab https://ex.org/a/b'],
    ['https://ex.org/a?b=1 https://ex.org/a#c', 'https://ex.org/a?b=1 https://ex.org/a#c'],
    ['https://ex.org/a.html', 'https://ex.org/a.html'],
    ['@https://ex.org/a', '@https://ex.org/a'],
    ['nothing', 'nothing'],
  ])('%j', (text, replaced) => {
    expect(replaceLink(text, sent)).toBe(replaced);
  });

  it('is so in every text of a thread, and in the link', () => {
    const variant = {
      text: 'a https://ex.org/a',
      thread: ['b https://ex.org/a', 'c'],
      link: sent.written,
    };
    expect(withAddress(variant, sent)).toEqual({
      text: 'a https://s.io/r/x',
      thread: ['b https://s.io/r/x', 'c'],
      link: sent.address,
    });
    expect(withAddress(variant, null)).toBe(variant);
  });
});

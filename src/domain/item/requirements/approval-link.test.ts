import { describe, expect, it } from 'vitest';
import { foldName, samePerson } from './approval-link.ts';

const link = (id: string, change: object = {}) => ({
  id,
  issuedBy: 'mbr_maker',
  email: null,
  nameKey: id,
  memberIds: [],
  ...change,
});

describe('who is the same person', () => {
  it('is whoever made the link: they have seen its address', () => {
    expect(samePerson([link('lnk_1')], 'external:lnk_1')).toEqual(['mbr_maker']);
    expect(samePerson([link('lnk_1')], 'mbr_maker')).toEqual(['external:lnk_1']);
    expect(samePerson([link('lnk_1', { issuedBy: null })], 'external:lnk_1')).toEqual([]);
  });

  it('is whoever has another link to the same address or under the same name', () => {
    const links = [
      link('lnk_1', { email: 'ada@x.example', issuedBy: null }),
      link('lnk_2', { email: 'ada@x.example' }),
      link('lnk_3', { nameKey: 'lnk_1' }),
      link('lnk_4'),
    ];
    expect(samePerson(links, 'external:lnk_1')).toEqual(['external:lnk_2', 'external:lnk_3']);
  });

  it('is whoever has another link of the same maker, who has seen both secrets', () => {
    const links = [
      link('lnk_1', { issuedBy: 'mbr_maker' }),
      link('lnk_2', { issuedBy: 'mbr_maker' }),
      link('lnk_3', { issuedBy: 'mbr_other' }),
    ];
    expect(samePerson(links, 'external:lnk_1')).toEqual(['mbr_maker', 'external:lnk_2']);
  });

  it('is not to be told of a link that is not there', () => {
    expect(() => samePerson([], 'external:lnk_1')).toThrow('external:lnk_1');
  });

  it('is the member whose address it went to', () => {
    const links = [link('lnk_1', { issuedBy: null, memberIds: ['mbr_ada'] })];
    expect(samePerson(links, 'external:lnk_1')).toEqual(['mbr_ada']);
    expect(samePerson(links, 'mbr_ada')).toEqual(['external:lnk_1']);
  });

  it('is nobody else: two links without an address are two people', () => {
    expect(
      samePerson([link('lnk_1', { issuedBy: null }), link('lnk_2')], 'external:lnk_1'),
    ).toEqual([]);
    expect(samePerson([link('lnk_1')], 'mbr_other')).toEqual([]);
  });

  it('is known under every spelling of a name', () => {
    expect(foldName('  Ada   MARTIN\u00a0')).toBe(foldName('ada martin'));
    expect(foldName('\uff21da')).toBe(foldName('ada'));
  });
});

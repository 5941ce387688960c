import { afterEach, describe, expect, it } from 'vitest';
import {
  account,
  channel,
  own,
  request,
  server,
  start,
  stop,
} from '../../../test/support/mastodon/fixture.ts';
import { statusLanguage } from './status-language.ts';

afterEach(stop);

describe('the language of a status', () => {
  it.each([
    ['fr', 'fr'],
    ['pt-BR', 'pt'],
    ['FR-ca', 'fr'],
    ['zh-cmn-Hans', 'zh'],
    ['cmn-Hans', 'zh'],
    ['deu', 'de'],
    ['iw', 'he'],
    ['gsw-CH', 'gsw'],
    ['en-GB-oed', 'en'],
    ['x-house', null],
    ['i-klingon', null],
    ['abcdefgh', null],
    // Kept from before such a tag was refused.
    ['en-12', 'en'],
    ['fr-CA-QC', 'fr'],
    ['zh-CN-US', 'zh'],
    ['', null],
    ['-', null],
  ])('%j is %j', (tag, language) => {
    expect(statusLanguage(tag)).toBe(language);
  });

  it.each(['zh-cmn-Hans', 'x-house', 'en-12'])('%s goes out, at once', async (language) => {
    await start();
    expect(await channel.publish(request(account, { language }))).toMatchObject({
      outcome: 'published',
    });
    expect(server.network.of(own.id)).toHaveLength(1);
  });
});

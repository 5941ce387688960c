import type { Story } from './story.ts';

const MAX_TITLE = 24;

/** `GET /v1/calendar`: where the posts of the item stand. */
export async function showCalendar({ narrator, cast }: Story, itemId: string): Promise<void> {
  const { calendar } = cast.social_media_manager.client;
  const { items: entries } = await calendar({ limit: '200' });
  narrator.say('GET /v1/calendar:');
  narrator.table([
    ['local', 'zone', 'account', 'post', 'item in', 'title'],
    ...entries
      .filter((entry) => entry.itemId === itemId)
      .map(({ local, zone, accountName, state, stage, title }) => [
        local.replace('T', ' ').slice(0, 16),
        zone,
        accountName ?? '',
        state,
        stage,
        title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1)}…` : title,
      ]),
  ]);
}

/** The secret address that a calendar program reads. */
export async function showFeed({ narrator, cast }: Story): Promise<void> {
  const { calendarFeeds } = cast.social_media_manager.client;
  const feed = await calendarFeeds.create({});
  const response = await fetch(feed.url, { signal: AbortSignal.timeout(10_000) });
  const events = (await response.text()).match(/^BEGIN:VEVENT/gm)?.length ?? 0;
  await calendarFeeds.revoke(feed.id);
  const gone = await fetch(feed.url, { signal: AbortSignal.timeout(10_000) });
  narrator.facts({
    feed: `a secret .ics address with ${events} events; revoked, it answers ${gone.status}`,
  });
}

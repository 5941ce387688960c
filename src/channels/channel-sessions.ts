/**
 * Sessions that adapters open with their networks (tokens that live for hours), kept per account. A session is
 * a text of the adapter's own form. It is as secret as the credentials it was opened with.
 */
export interface ChannelSessions {
  /**
   * Runs `renew` for one caller at a time per account, with what is kept then, and keeps what it answers. When
   * it throws, what was kept stays.
   */
  renew(channelAccountId: string, renew: (kept: string | null) => Promise<string>): Promise<string>;
}

/** Keeps sessions for as long as the process lives. */
export function createMemorySessions(): ChannelSessions {
  const kept = new Map<string, string>();
  const turns = new Map<string, Promise<unknown>>();
  return {
    renew(id, renew) {
      const before = turns.get(id) ?? Promise.resolve();
      const mine = before.then(async () => {
        const session = await renew(kept.get(id) ?? null);
        kept.set(id, session);
        return session;
      });
      turns.set(
        id,
        mine.catch(() => undefined),
      );
      return mine;
    },
  };
}

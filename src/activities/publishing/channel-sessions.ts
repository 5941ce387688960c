import type { ChannelSessions } from '../../channels/channel-sessions.ts';
import { openSession, sealSession } from '../../credentials/account-credentials.ts';
import { renewChannelSession } from '../../db/publishing/channel-sessions.ts';
import type { ActivityDeps } from '../deps.ts';

/** Sessions of channel accounts in the database, encrypted, for all workers. */
export function createStoredSessions({
  db,
  secrets,
}: Pick<ActivityDeps, 'db' | 'secrets'>): ChannelSessions {
  return {
    async renew(id, renew) {
      let session = '';
      await renewChannelSession(db, { channelAccountId: id }, async (sealed) => {
        session = await renew(openSession(secrets, { id, sealed }));
        return sealSession(secrets, { id, session });
      });
      return session;
    },
  };
}

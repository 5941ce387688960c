import { z } from 'zod';
import type { HttpClient } from '../../http/http-client.ts';
import type { ChannelSessions } from '../channel-sessions.ts';
import type { BlueskyLogin } from './account.ts';
import { failureOf, serverAt, XrpcFailed } from './xrpc.ts';

/** A refusal to refresh is followed by a login: both fit into one turn of the store. */
const LOGIN_TIMEOUT_MS = 6_000;

const BlueskySession = z.object({
  fingerprint: z.string(),
  did: z.string().regex(/^did:[a-z]+:[\w.:%-]+$/),
  accessJwt: z.string(),
  refreshJwt: z.string(),
});
export type BlueskySession = z.infer<typeof BlueskySession>;

export interface BlueskySessions {
  /** The session of a login, opened when there is none. */
  current(login: BlueskyLogin): Promise<BlueskySession>;
  /** Another session than the one whose token was refused. */
  renew(login: BlueskyLogin, refused: BlueskySession): Promise<BlueskySession>;
}

/**
 * Opens and refreshes sessions, once per account however many sends ask at once: in this process by sharing the
 * promise, among workers by the store's turn. Neither follows the signal of the send that asked first.
 */
export function createBlueskySessions({
  http,
  store,
}: {
  http: HttpClient;
  store: ChannelSessions;
}): BlueskySessions {
  const known = new Map<string, BlueskySession>();
  const underWay = new Map<string, Promise<BlueskySession>>();

  function renew(login: BlueskyLogin, refusedToken: string | null): Promise<BlueskySession> {
    const running = underWay.get(login.fingerprint);
    if (running !== undefined) return running;
    const started = renewInTurn(login, refusedToken).finally(() =>
      underWay.delete(login.fingerprint),
    );
    underWay.set(login.fingerprint, started);
    return started;
  }

  async function renewInTurn(login: BlueskyLogin, refusedToken: string | null) {
    const text = await inTurn(login.channelAccountId, async (kept) => {
      const session = sessionOf(kept, login);
      // Another worker was faster.
      if (session !== null && session.accessJwt !== refusedToken) return JSON.stringify(session);
      const fresh = (session && (await refresh(http, login, session))) ?? (await open(http, login));
      return JSON.stringify({ fingerprint: login.fingerprint, ...fresh });
    });
    const session = BlueskySession.parse(JSON.parse(text));
    known.set(login.channelAccountId, session);
    return session;
  }

  async function inTurn(id: string, work: (kept: string | null) => Promise<string>) {
    try {
      return await store.renew(id, work);
    } catch (error) {
      if (error instanceof XrpcFailed || (error as Error).cause instanceof XrpcFailed) throw error;
      const message = 'the store of sessions does not answer';
      throw new XrpcFailed('com.atproto.server.refreshSession', {
        kind: 'not_sent',
        code: 'connection_failed',
        message,
      });
    }
  }

  return {
    async current(login) {
      const session = known.get(login.channelAccountId);
      return session?.fingerprint === login.fingerprint ? session : renew(login, null);
    },
    renew: (login, refused) => {
      const session = known.get(login.channelAccountId);
      const isNewer =
        session?.fingerprint === login.fingerprint && session.accessJwt !== refused.accessJwt;
      return isNewer ? Promise.resolve(session) : renew(login, refused.accessJwt);
    },
  };
}

function sessionOf(kept: string | null, login: BlueskyLogin): BlueskySession | null {
  if (kept === null) return null;
  const session = BlueskySession.safeParse(JSON.parse(kept)).data ?? null;
  return session?.fingerprint === login.fingerprint ? session : null;
}

type Tokens = Omit<BlueskySession, 'fingerprint'>;

/** @returns null when the refresh token is no longer good: then only the password helps. */
async function refresh(
  http: HttpClient,
  { service }: BlueskyLogin,
  { refreshJwt }: BlueskySession,
): Promise<Tokens | null> {
  const timing = { timeoutMs: LOGIN_TIMEOUT_MS };
  const server = serverAt({ http, service, token: refreshJwt, timing });
  try {
    return tokensOf((await server.server.refreshSession()).data);
  } catch (error) {
    const { outcome } = failureOf(error);
    if (outcome.kind === 'refused' && (outcome.status === 400 || outcome.status === 401))
      return null;
    throw error;
  }
}

async function open(
  http: HttpClient,
  { service, identifier, appPassword }: BlueskyLogin,
): Promise<Tokens> {
  const timing = { timeoutMs: LOGIN_TIMEOUT_MS };
  const server = serverAt({ http, service, token: null, timing });
  const { data } = await server.server.createSession({
    identifier,
    password: appPassword,
  });
  return tokensOf(data);
}

function tokensOf({ did, accessJwt, refreshJwt }: Tokens): Tokens {
  return { did, accessJwt, refreshJwt };
}

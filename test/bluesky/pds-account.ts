import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { z } from 'zod';
import type { Json } from '../support/api-fixture.ts';

/** An account on the run's server, with an app password as its owner would make one for Baton. */
export interface PdsAccount {
  did: string;
  handle: string;
  appPassword: string;
  /** Adds a record as the account itself does. @returns what others refer to it by. */
  add(collection: string, record: object): Promise<{ uri: string; cid: string }>;
  remove(collection: string, uri: string): Promise<void>;
  /** Every post of the repository, newest first, as the server lists them. */
  posts(): Promise<{ uri: string; value: Json }[]>;
}

const Created = z.object({ did: z.string(), handle: z.string(), accessJwt: z.string() });
const Password = z.object({ password: z.string() });
const Ref = z.object({ uri: z.string(), cid: z.string() });
const Listed = z.object({ records: z.array(z.object({ uri: z.string(), value: z.any() })) });

export async function makeAccount(url = inject('pdsUrl')): Promise<PdsAccount> {
  const call = (method: string, options?: CallOptions) => callAt(url, method, options);
  const name = `b${randomUUID().replaceAll('-', '').slice(0, 14)}`;
  const { did, handle, accessJwt } = Created.parse(
    await call('com.atproto.server.createAccount', {
      body: { handle: `${name}.test`, email: `${name}@example.com`, password: randomUUID() },
    }),
  );
  const { password } = Password.parse(
    await call('com.atproto.server.createAppPassword', {
      body: { name: 'Baton' },
      token: accessJwt,
    }),
  );
  return {
    did,
    handle,
    appPassword: password,
    async add(collection, record) {
      const createdAt = new Date().toISOString();
      const body = { repo: did, collection, record: { $type: collection, createdAt, ...record } };
      return Ref.parse(await call('com.atproto.repo.createRecord', { body, token: accessJwt }));
    },
    async remove(collection, uri) {
      const body = { repo: did, collection, rkey: uri.split('/').at(-1) };
      await call('com.atproto.repo.deleteRecord', { body, token: accessJwt });
    },
    async posts() {
      const query = `repo=${did}&collection=app.bsky.feed.post&limit=100`;
      return Listed.parse(await call(`com.atproto.repo.listRecords?${query}`)).records;
    },
  };
}

interface CallOptions {
  body?: object;
  token?: string;
}

async function callAt(
  url: string,
  method: string,
  { body, token }: CallOptions = {},
): Promise<unknown> {
  const response = await fetch(`${url}/xrpc/${method}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
  if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  return response.json();
}

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Role } from '../../src/domain/people/roles.ts';
import type { WorkspaceKeys } from '../local/first-workspace.ts';

const ATTEMPT_MS = 30_000;
const GIVE_UP_MS = 120_000;
const PAUSE_MS = 200;
const ATTEMPTS = 3;

/** The people of the workspace, who repeat a request under one key until it is answered for good. */
export interface People {
  /** @throws Error with the answer when it is not a success. */
  ask<Answer>(role: Role, method: string, path: string, body?: object): Promise<Answer>;
  idOf(role: Role): string;
}

/** How people take an answer. */
export interface Habits {
  /** Whoever hears 202 does not ask again. */
  isTrusting?: boolean;
  /** Told of the key of each request that was acknowledged. */
  onAcknowledged?: (key: string) => void;
  /** How long they repeat a request. */
  giveUpMs?: number;
}

/** @param urls every API that may be asked; the next one when one does not answer. */
export function createPeople(
  { members }: WorkspaceKeys,
  urls: readonly string[],
  { isTrusting = false, onAcknowledged = () => {}, giveUpMs = GIVE_UP_MS }: Habits = {},
): People {
  function find(role: Role) {
    const member = members.find((one) => one.role === role);
    if (member === undefined) throw new Error(`nobody holds the role ${role}`);
    return member;
  }
  return {
    idOf: (role) => find(role).memberId,
    async ask<Answer>(role: Role, method: string, path: string, body?: object): Promise<Answer> {
      const key = randomUUID();
      const headers = {
        authorization: `Bearer ${find(role).key}`,
        'idempotency-key': key,
        'content-type': 'application/json',
      };
      const until = Date.now() + giveUpMs;
      let last = 'no answer';
      for (let attempt = 0; Date.now() < until; attempt += 1) {
        const url = `${urls[attempt % urls.length]}${path}`;
        const reply = await answerOf(url, {
          method,
          headers,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        if (reply !== null && reply.status < 300 && method !== 'GET') onAcknowledged(key);
        const stands = reply?.status === 202 ? isTrusting : isFinal(reply?.status ?? 500);
        if (reply !== null && stands && !reply.comesAgain) {
          // Every route answers the shape that its caller names.
          if (reply.status < 300) return JSON.parse(reply.text) as Answer;
          throw new Error(`${method} ${path}: ${reply.status} ${reply.text.slice(0, 500)}`);
        }
        if (reply !== null) last = `${reply.status} ${reply.text.slice(0, 200)}`;
        await delay(PAUSE_MS);
      }
      throw new Error(`${method} ${path}: not settled in ${giveUpMs} ms: ${last}`);
    },
  };
}

/** Whether an answer stands: pending, limits and failures are asked again. */
export function isFinal(status: number): boolean {
  return status !== 202 && status !== 429 && status < 500;
}

/** The same, and again when its connection ends: a server that refuses early may close while it is sent. */
export async function patientAnswerOf(url: string, init: RequestInit): Promise<Reply | null> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await answerOf(url, init);
    if (answer !== null || attempt === ATTEMPTS) return answer;
    await delay(PAUSE_MS);
  }
}

interface Reply {
  status: number;
  text: string;
  /** A refusal that says when to ask again: the first request under this key may still be at work. */
  comesAgain: boolean;
}

/** One request; null when no answer came. */
export async function answerOf(url: string, init: RequestInit): Promise<Reply | null> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ATTEMPT_MS) });
    const comesAgain = !response.ok && response.headers.has('retry-after');
    return { status: response.status, text: await response.text(), comesAgain };
  } catch {
    return null;
  }
}

import type { CommandType, Unmet } from '../../domain/item-commands.ts';
import type { Role } from '../../domain/roles.ts';

/** Who sends, from the credential. */
export interface Caller {
  workspaceId: string;
  memberId: string;
  roles: Role[];
}

/** A validated command on its way to the run. `body` is the parsed body of COMMAND_BODIES[type]. */
export interface CommandRequest {
  caller: Caller;
  itemId: string;
  type: CommandType;
  body: unknown;
  /** `http:<keyId>:<Idempotency-Key>` or `webhook:<endpointId>:<webhook-id>`. */
  commandId: string;
  source: 'http' | 'webhook';
  /** SHA-256 over method, path and body: the same id with another one is a conflict. */
  bodyHash: string;
  /** From `If-Match`: the hash of the version the caller changes. */
  ifMatch?: string;
}

/** What became of it. */
export type CommandOutcome =
  | { outcome: 'applied'; commandId: string; answer: CommandAnswer }
  | { outcome: 'refused'; commandId: string; unmet: Unmet[] }
  | { outcome: 'pending'; commandId: string }
  | { outcome: 'idempotency_conflict'; commandId: string }
  | { outcome: 'version_conflict'; current: string | null }
  | {
      outcome: 'not_found';
      what: 'item' | 'publication' | 'handoff' | 'member' | 'channel_account';
    }
  | { outcome: 'invalid'; issues: BodyIssue[] };

export interface BodyIssue {
  path: (string | number)[];
  message: string;
  choices?: string[];
}

/** The stored answer of an applied command: small, and the same for every repetition. */
export interface CommandAnswer {
  seq: number;
  stage: string;
  substage: string | null;
  /** For saves: the version saved (or found identical). */
  version?: number;
  hash?: string;
  contentHash?: string | null;
  handoffId?: string;
  publications?: { id: string; channelAccountId: string; state: string; at: string }[];
  warnings?: { code: string; message: string }[];
}

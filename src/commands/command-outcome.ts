import type { CommandContext } from '../db/item/command-context.ts';
import type { StartItemBody } from '../domain/item/command-bodies.ts';
import type { CommandType } from '../domain/item/commands.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { Role } from '../domain/people/roles.ts';

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
  /** `http:<keyId>:<Idempotency-Key>`, `webhook:<endpointId>:<webhook-id>`, `link:<linkId>` or `campaign:<actId>:<itemId>[:<number>]`. */
  commandId: string;
  source: 'http' | 'webhook' | 'link' | 'campaign';
  /** SHA-256 over method, path and body: the same id with another one is a conflict. */
  bodyHash: string;
  /** From `If-Match`: the hash of the version the caller changes. */
  ifMatch?: string;
  /** Item, actor and earlier command as just read by whoever sends; the sender reads them itself without. */
  known?: CommandContext;
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

/** Body and id of `POST /v1/items`. */
export interface StartRequest {
  caller: Caller;
  /** Open items that the workspace may have; any number without it. */
  maxOpenItems?: number;
  body: StartItemBody;
  commandId: string;
  source: 'http' | 'webhook';
  bodyHash: string;
}

/** What became of a start: as a command, with the id of the item. */
export type StartOutcome =
  | (Extract<CommandOutcome, { outcome: 'applied' | 'pending' }> & { itemId: string })
  | Exclude<CommandOutcome, { outcome: 'applied' | 'pending' }>;

/** A command the caller could send now, or what stands in its way. */
export interface Action {
  command: CommandType;
  allowed: boolean;
  unmet: Unmet[];
}

/** Whether a command may be given at all, whatever it brings. */
export interface AccessQuestion {
  caller: Caller;
  itemId: string;
  type: CommandType;
}

/** The routes' door to the runs. */
export interface CommandSender {
  send(request: CommandRequest): Promise<CommandOutcome>;
  start(request: StartRequest): Promise<StartOutcome>;
  /** Null when the workspace has no such item. */
  inquire(question: { caller: Caller; itemId: string }): Promise<Action[] | null>;
  /** What rights and stage alone have against a command; null when the workspace has no such item. */
  judgeAccess(question: AccessQuestion): Promise<Unmet[] | null>;
}

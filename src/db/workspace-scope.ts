import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';

/**
 * Which rows the queries of a piece of work may see: row security lets a program see nothing else,
 * whatever the query says (docs/decisions/0052-two-walls-around-a-workspace.md). It is stated once,
 * where the work begins, and never by the query that it guards.
 */
export type Scope =
  | { kind: 'workspace'; workspaceId: string; actor: Acting | null }
  | { kind: 'credential'; credential: Credential }
  | { kind: 'across'; purpose: Purpose };

/** Whom what is done is recorded under; null for work of the system. */
export interface Acting {
  memberId: string;
  /** Id of the API key or webhook endpoint. */
  credentialId: string;
}

/** Whoever runs Baton itself, from its own machine. */
export const OPERATOR: Acting = { memberId: 'operator', credentialId: '' };

/** What somebody shows who has not said a workspace: its row names the workspace, and only it is looked for. */
export type Credential =
  | { of: 'api_keys'; id: string }
  | { of: 'webhook_endpoints'; id: string }
  /** Public: it says whose the link is, and what is read of it is where it leads. */
  | { of: 'outgoing_links'; id: string }
  /** @param secretHash SHA-256 of the secret in the address. */
  | { of: 'calendar_feeds' | 'approval_links'; secretHash: Buffer };

/** Work that crosses workspaces. Each has a policy of its own, and sees what that names. */
export type Purpose =
  /** Which workspaces there are. */
  | 'workspaces'
  /** Pending commands of every workspace: the drainer's work. */
  | 'unsettled_commands'
  /** Whose events wait to be told: the dispatcher's work. */
  | 'waiting_events'
  /** Subscriptions that nobody delivers to: the sweep's work. */
  | 'due_deliveries'
  /** Campaigns whose run should have looked: the work of the sweep that calls them. */
  | 'due_campaigns'
  /** Which workspace an item belongs to: the audit tells whose run nobody's row is for. */
  | 'item_locations'
  /** What the metrics count: open items, pending commands, events that wait, open findings. */
  | 'health'
  /** Which files some workspace has. */
  | 'files'
  /** Notices of every workspace that are due to be sent. */
  | 'unsent_notices'
  /** No table of a workspace: health, counters. */
  | 'no_workspace';

const scopes = new AsyncLocalStorage<Scope>();

/** Does work that sees one workspace and nothing else. */
export function inWorkspace<T>(
  { workspaceId, actor = null }: { workspaceId: string; actor?: Acting | null },
  work: () => T,
): T {
  return scopes.run({ kind: 'workspace', workspaceId, actor }, work);
}

/** Does the look-up of a credential: it sees the workspace that the credential belongs to. */
export function byCredential<T>(credential: Credential, work: () => T): T {
  return scopes.run({ kind: 'credential', credential }, work);
}

/** Does work of the system that belongs to no workspace. */
export function acrossWorkspaces<T>(purpose: Purpose, work: () => T): T {
  return scopes.run({ kind: 'across', purpose }, work);
}

/** The scope of the work that asks; null outside of any. */
export function currentScope(): Scope | null {
  return scopes.getStore() ?? null;
}

/**
 * The workspace of the work that asks.
 * @throws Error outside of any.
 */
export function currentWorkspace(): string {
  const scope = currentScope();
  if (scope?.kind === 'workspace') return scope.workspaceId;
  throw new Error('work outside a workspace');
}

/** What every transaction begins with: its mode, and the settings that the policies ask, until it ends. */
export function beginIn(scope: Scope | null, mode = ''): string {
  const begin = `begin${mode}`;
  if (scope === null) return begin;
  switch (scope.kind) {
    case 'workspace': {
      const { workspaceId, actor } = scope;
      const settings = { workspace: workspaceId, actor: actor?.memberId ?? 'system' };
      return `${begin}; ${setting({ ...settings, credential: actor?.credentialId ?? '' })}`;
    }
    case 'credential': {
      const { shown, found } = lookupOf(scope.credential);
      return `${begin}; ${setting({ lookup: shown })};
        select set_config('baton.workspace', coalesce((${found}), ''), true)`;
    }
    case 'across':
      return `${begin}; ${setting({ lookup: scope.purpose })}`;
  }
}

function lookupOf(credential: Credential): { shown: string; found: string } {
  const { of } = credential;
  if ('id' in credential) {
    const { id } = credential;
    return { shown: id, found: `select workspace_id from ${of} where id = ${literal(id)}` };
  }
  const shown = credential.secretHash.toString('hex');
  const hash = `decode(${literal(shown)}, 'hex')`;
  return { shown, found: `select workspace_id from ${of} where secret_hash = ${hash}` };
}

function setting(values: Record<string, string>): string {
  const calls = Object.entries(values).map(
    ([name, value]) => `set_config('baton.${name}', ${literal(value)}, true)`,
  );
  return `select ${calls.join(', ')}`;
}

function literal(text: string): string {
  return pg.escapeLiteral(text);
}

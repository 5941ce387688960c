import type { WaitingOn } from '../item/responsible.ts';
import type { SubscriptionFilter } from './catalogue.ts';
import type { Standing } from './standing.ts';

/** What the outbox holds of an event. */
export interface EventToTell {
  id: string;
  workspaceId: string;
  itemId: string | null;
  seq: number | null;
  type: string;
  payload: Record<string, unknown>;
  /** When it was written, for what does not say when it was. */
  createdAt: string;
}

/** What the item's row says that the event does not. */
export interface ItemFacts {
  title: string;
  campaignId: string | null;
  stage: string;
  substage: string | null;
}

/** Bytes of a body; receivers need not take more. */
const BODY_BYTES = 20_000;
/** Of a text inside an event: longer ones are in the API. */
const TEXT_LENGTH = 500;
const LIST_LENGTH = 50;
const DEPTH = 5;

/**
 * The bytes that are delivered and signed.
 * @param endpoint address or path where whoever is asked may answer; null without one.
 */
export function bodyOf(
  event: EventToTell,
  { item, endpoint }: { item: ItemFacts | null; endpoint: string | null },
): string {
  const { id: eventId, workspaceId, itemId, seq, type, payload, createdAt } = event;
  const { commandId: _, ...own } = recordOf(payload['data']);
  const standing = standingIn(payload);
  const { at = createdAt, actor } = payload as { at?: string; actor?: string };
  const extra = recordOf({ proposedAt: payload['proposedAt'], proposal: payload['proposal'] });
  const common = {
    workspaceId,
    eventId,
    ...(actor !== undefined && { actor }),
    ...(seq !== null && { seq }),
    ...(itemId !== null && { itemId }),
    ...(itemId !== null &&
      item !== null && {
        item: {
          id: itemId,
          title: cut(item.title),
          stage: standing?.stage ?? item.stage,
          substage: standing === null ? item.substage : standing.substage,
          campaignId: item.campaignId,
        },
      }),
    ...(standing !== null && {
      waitingOn: standing.waitingOn.slice(0, LIST_LENGTH),
      // An event about a deadline names its own, which may be another one than the item's.
      dueAt: isDeadline(own['dueAt']) ? own['dueAt'] : standing.dueAt,
      answer: answerOf(standing, endpoint),
    }),
  };
  const short = shorten({ ...own, ...extra }) as Record<string, unknown>;
  const body = JSON.stringify({ type, timestamp: at, data: { ...short, ...common } });
  if (new TextEncoder().encode(body).length <= BODY_BYTES) return body;
  return JSON.stringify({ type, timestamp: at, data: { ...common, truncated: true } });
}

/** Whether a subscription wants an event. */
export function isWanted(
  event: EventToTell,
  item: ItemFacts | null,
  { types, filter }: { types: readonly string[]; filter: SubscriptionFilter },
): boolean {
  if (!types.includes('*') && !types.includes(event.type)) return false;
  const { stage, role, campaignId } = filter;
  const standing = standingIn(event.payload);
  if (stage !== undefined && (standing?.stage ?? item?.stage) !== stage) return false;
  if (campaignId !== undefined && item?.campaignId !== campaignId) return false;
  if (role === undefined) return true;
  const own = recordOf(event.payload['data']);
  return (
    (standing?.waitingOn ?? []).some((one) => one.role === role) ||
    own['role'] === role ||
    own['to'] === role
  );
}

/** The command that whoever is asked would send, with whom it is asked of. */
export function questionsOf(event: EventToTell): WaitingOn[] {
  return standingIn(event.payload)?.waitingOn ?? [];
}

function answerOf({ contentHash, handoffId, reviewHash }: Standing, endpoint: string | null) {
  return {
    ...(endpoint !== null && { endpoint }),
    ...(contentHash !== null && { contentHash }),
    ...(handoffId !== null && { handoffId }),
    ...(reviewHash !== null && { reviewHash }),
  };
}

function isDeadline(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= TEXT_LENGTH);
}

/** The projection writes it beside the event; what is no item's has none. */
function standingIn(payload: Record<string, unknown>): Standing | null {
  return (payload['standing'] as Standing | undefined) ?? null;
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}

function shorten(value: unknown, depth = DEPTH): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) {
    return value.slice(0, LIST_LENGTH).map((one) => shorten(one, depth - 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, shorten(one, depth - 1)]),
  );
}

/** Never in the middle of a character. */
function cut(text: string): string {
  return text.length <= TEXT_LENGTH
    ? text
    : `${text.slice(0, TEXT_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

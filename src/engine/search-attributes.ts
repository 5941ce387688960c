import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../domain/visibility/search-attributes.ts';
import { codeOf, isUnimplemented } from './ask.ts';

/** What is asked of a namespace; a worker's connection has it as well. */
type EngineConnection = Pick<Connection, 'workflowService' | 'operatorService' | 'withDeadline'>;

interface NamedAttribute {
  name: string;
  type: keyof typeof INDEXED_VALUE_TYPES;
}

/** `IndexedValueType` of temporal.api.enums.v1. */
const INDEXED_VALUE_TYPES = { KEYWORD: 2, DATETIME: 6, KEYWORD_LIST: 7 } as const;
/** The same types as Temporal's own command lines name them. */
const TYPE_NAMES = {
  KEYWORD: 'Keyword',
  DATETIME: 'Datetime',
  KEYWORD_LIST: 'KeywordList',
} as const;
/** gRPC status codes. */
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;

const CALL_MS = 10_000;
/** The server's own caches learn of a new attribute within seconds. */
const KNOWN_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 100;

const ATTRIBUTES: readonly NamedAttribute[] = Object.values(SEARCH_ATTRIBUTES);

/** How the command line of Temporal Cloud is told of each attribute. */
export const SEARCH_ATTRIBUTE_FLAGS = ATTRIBUTES.map(
  ({ name, type }) => `--search-attribute=${name}=${TYPE_NAMES[type]}`,
);

/** Whoever asked may not register search attributes; Temporal Cloud has a command line of its own for it. */
export class RegistrationClosed extends Error {
  override readonly name = 'RegistrationClosed';
}

/** Attributes that a namespace does not have as Baton writes them. */
export interface SearchAttributeFaults {
  missing: readonly NamedAttribute[];
  /** Registered with another type. */
  otherType: readonly NamedAttribute[];
}

/**
 * What of Baton's search attributes a namespace lacks. A run that writes one that is not there fails
 * its tasks for ever, so a worker asks before it polls.
 */
export async function findSearchAttributeFaults(
  connection: EngineConnection,
  namespace: string,
): Promise<SearchAttributeFaults> {
  const types = await listTypes(connection, namespace);
  if (types !== null) {
    return {
      missing: ATTRIBUTES.filter(({ name }) => types[name] === undefined),
      otherType: ATTRIBUTES.filter(({ name, type }) => {
        const found = types[name];
        return found !== undefined && found !== INDEXED_VALUE_TYPES[type];
      }),
    };
  }
  const known = await Promise.all(
    ATTRIBUTES.map((attribute) => isKnown(connection, namespace, attribute)),
  );
  return { missing: ATTRIBUTES.filter((_, at) => !known[at]), otherType: [] };
}

/**
 * Registers those that are missing, and returns once the namespace knows them.
 * @returns the names of those that it added.
 * @throws RegistrationClosed where the caller may not; Error when one is there with another type, or the namespace does not know them in time.
 */
export async function setUpSearchAttributes(
  connection: EngineConnection,
  namespace: string,
): Promise<string[]> {
  const { missing, otherType } = await findSearchAttributeFaults(connection, namespace);
  if (otherType.length > 0) throw new Error(faultText({ missing: [], otherType }, namespace));
  if (missing.length > 0) await register(connection, namespace, missing);
  const until = Date.now() + KNOWN_WITHIN_MS;
  for (const attribute of ATTRIBUTES) {
    while (!(await isKnown(connection, namespace, attribute))) {
      if (Date.now() > until) throw new Error(faultText({ missing, otherType }, namespace));
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }
  return missing.map(({ name }) => name);
}

/** The faults in words; an empty text when there are none. */
export function faultText(faults: SearchAttributeFaults, namespace: string): string {
  const named = (all: readonly NamedAttribute[]) =>
    all.map(({ name, type }) => `${name} (${type})`).join(', ');
  const { missing, otherType } = faults;
  const lacks = missing.length === 0 ? [] : [`lacks the search attributes ${named(missing)}`];
  const differs = otherType.length === 0 ? [] : [`has another type than ${named(otherType)}`];
  if (lacks.length + differs.length === 0) return '';
  return `the namespace ${namespace} ${[...lacks, ...differs].join(' and ')}`;
}

async function register(
  connection: EngineConnection,
  namespace: string,
  missing: readonly NamedAttribute[],
): Promise<void> {
  const searchAttributes = Object.fromEntries(
    missing.map(({ name, type }) => [name, INDEXED_VALUE_TYPES[type]]),
  );
  try {
    await within(connection, () =>
      connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
    );
  } catch (error) {
    if (!isClosed(error)) throw error;
    throw new RegistrationClosed(faultText({ missing, otherType: [] }, namespace), {
      cause: error,
    });
  }
}

/** The operator's service is not open to everybody: on Temporal Cloud it is not. */
function isClosed(error: unknown): boolean {
  return isUnimplemented(error) || codeOf(error) === PERMISSION_DENIED;
}

/** Types by name; null where they cannot be listed. */
async function listTypes(
  connection: EngineConnection,
  namespace: string,
): Promise<Record<string, number> | null> {
  try {
    const { customAttributes } = await within(connection, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    return customAttributes;
  } catch (error) {
    if (isClosed(error)) return null;
    throw error;
  }
}

/** A query that names what the namespace does not know is refused. */
async function isKnown(
  connection: EngineConnection,
  namespace: string,
  { name }: NamedAttribute,
): Promise<boolean> {
  try {
    await within(connection, () =>
      connection.workflowService.countWorkflowExecutions({
        namespace,
        query: `WorkflowId = 'none' AND ${name} IS NOT NULL`,
      }),
    );
    return true;
  } catch (error) {
    if (codeOf(error) === INVALID_ARGUMENT) return false;
    throw error;
  }
}

function within<T>(connection: EngineConnection, call: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + CALL_MS, call);
}

import { readDocument } from '../../api-document/documented-answers.ts';
import { createValues, type Schema } from './values.ts';

/** An operation of the document, with what its requests are made of. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  /** Whether it needs an API key. */
  withKey: boolean;
  query: Schema[];
  /** Schema of the JSON body; null when it takes none, or none as JSON. */
  json: Schema | null;
  /** Media type of a body that is no JSON. */
  media: string | null;
  example: object | null;
}

/** Every operation of the document of this checkout. */
export function readOperations() {
  const document: Schema = readDocument();
  const operations = Object.entries<Schema>(document.paths).flatMap(([path, item]) =>
    Object.entries<Schema>(item).map(([method, operation]): Operation => {
      const content = operation.requestBody?.content ?? {};
      const json = content['application/json'] ?? null;
      const [media = null] = Object.keys(content).filter((type) => type !== 'application/json');
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        withKey: (operation.security ?? []).some((one: object) => 'apiKey' in one),
        query: (operation.parameters ?? []).filter((one: Schema) => one.in === 'query'),
        json: json?.schema ?? null,
        media,
        example: json?.example ?? null,
      };
    }),
  );
  return { document, operations, valuesOf: createValues(document.components.schemas) };
}

/** Ids of things that exist, by the segment of a path that comes before them. */
export type Known = Readonly<Record<string, string>>;

/** The path with ids of things that exist, or with what `otherwise` gives. */
export function filledPath(
  path: string,
  known: Known,
  otherwise: (segment: string) => string,
): string {
  const segments = path.split('/');
  return segments
    .map((segment, index) => {
      if (!segment.startsWith('{')) return segment;
      const before = segments[index - 1] ?? '';
      return encodeURIComponent(known[before] ?? otherwise(before));
    })
    .join('/');
}

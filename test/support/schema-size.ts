import { z } from 'zod';

/** The most bytes that one character takes as JSON: a control character is escaped. */
const BYTES_PER_CHARACTER = 6;
/** Longer times are refused (src/domain/instant.ts). */
const TIME_LENGTH = 40;
/** In the pattern of a time without a zone, which has no format of its own. */
const HOUR_AND_MINUTE = '[01]\\d|2[0-3]):[0-5]\\d';
const NUMBER_BYTES = 24;

interface Node {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  items?: Node;
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  propertyNames?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
  $ref?: string;
}

/** What a value of a schema takes as JSON at most, and where nothing bounds it. */
export function largestOf(schema: z.ZodType): { bytes: number; unbounded: string[] } {
  const root = z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as Node & {
    $defs?: Record<string, Node>;
  };
  const unbounded: string[] = [];

  function measure(node: Node, path: string): number {
    if (node.$ref !== undefined) {
      return measure(root.$defs?.[node.$ref.split('/').at(-1) ?? ''] ?? {}, path);
    }
    const choices = node.anyOf ?? node.oneOf;
    if (choices !== undefined) return Math.max(...choices.map((choice) => measure(choice, path)));
    if (node.const !== undefined) return JSON.stringify(node.const).length;
    if (node.enum !== undefined) {
      return Math.max(...node.enum.map((value) => JSON.stringify(value).length));
    }
    switch (node.type) {
      case 'string':
        return measureText(node, path);
      case 'array':
        if (node.maxItems === undefined) unbounded.push(path);
        return 2 + (node.maxItems ?? 0) * (1 + measure(node.items ?? {}, `${path}[]`));
      case 'object':
        return measureObject(node, path);
      case 'boolean':
        return 5;
      case 'null':
        return 4;
      case 'number':
      case 'integer':
        return NUMBER_BYTES;
      default:
        unbounded.push(path);
        return 0;
    }
  }

  function measureText({ format, pattern = '', maxLength }: Node, path: string): number {
    if (format === 'date-time' || pattern.includes(HOUR_AND_MINUTE)) return TIME_LENGTH + 2;
    if (maxLength === undefined) unbounded.push(path);
    return (maxLength ?? 0) * BYTES_PER_CHARACTER + 2;
  }

  function measureObject(node: Node, path: string): number {
    const fixed = Object.entries(node.properties ?? {}).reduce(
      (sum, [name, child]) => sum + name.length + 4 + measure(child, `${path}.${name}`),
      2,
    );
    if (typeof node.additionalProperties !== 'object') {
      if (node.properties === undefined) unbounded.push(path);
      return fixed;
    }
    const most = node.maxProperties ?? node.propertyNames?.enum?.length;
    if (most === undefined) unbounded.push(path);
    const entry =
      measure(node.propertyNames ?? {}, `${path} (name)`) +
      measure(node.additionalProperties, `${path} (value)`);
    return fixed + (most ?? 0) * (entry + 2);
  }

  const bytes = measure(root, '');
  return { bytes, unbounded };
}

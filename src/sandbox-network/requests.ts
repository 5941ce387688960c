import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Refusal } from './answers.ts';

const MAX_BODY_BYTES = 262_144;

/** @throws Refusal of what is not JSON, or too long. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  if (type !== 'application/json') {
    throw new Refusal(415, 'not_json', 'The body must be application/json.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new Refusal(413, 'too_large', `The body must be at most ${MAX_BODY_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Refusal(400, 'not_json', 'The body is not JSON.');
  }
}

/** @throws Refusal naming the field. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, 'invalid', z.prettifyError(parsed.error));
}

// The same names as in src/client/server-types.ts, as values: the compiler writes the types of values out
// when it emits their declarations, so that no import of the server or of zod is left. Never run.
import type { Hono } from 'hono';
import type { BlankEnv, Endpoint, ExtractSchema, Schema } from 'hono/types';
import type { SuccessStatusCode } from 'hono/utils/http-status';
import type * as server from '../../src/client/server-types.ts';

interface Succeeded {
  status: SuccessStatusCode;
}

/**
 * The schema, written out shortly, for in full it is longer than the compiler writes: the input stands
 * beside each status, and all errors answer alike, so they are told as one, without it. No type within
 * has a name: the compiler would write the name, with all that it is given.
 */
declare function appOf<S extends Schema>(
  schema: S,
): Hono<
  BlankEnv,
  {
    [Path in keyof S]: {
      [Method in keyof S[Path] & keyof Schema[string]]:
        | Extract<S[Path][Method], Succeeded>
        | (Exclude<S[Path][Method], Succeeded> extends infer E extends Endpoint
            ? [E] extends [never]
              ? never
              : {
                  input: never;
                  output: E['output'];
                  outputFormat: E['outputFormat'];
                  status: E['status'];
                }
            : never) extends infer Told extends Endpoint
        ? Told
        : never;
    };
  }
>;
declare function bodiesOf<T>(bodies: T): { [Command in keyof T]: T[Command] };
declare const schema: ExtractSchema<server.AppType>;
declare const bodies: server.CommandBodies;

const app = appOf(schema);
const commandBodies = bodiesOf(bodies);

export type AppType = typeof app;
export type CommandBodies = typeof commandBodies;

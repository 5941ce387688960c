// The same names as in src/client/server-types.ts, as values: the compiler writes the types of values out
// when it emits their declarations, so that no import of the server or of zod is left. Never run.
import type { Hono } from 'hono';
import type { BlankEnv, ExtractSchema, Schema } from 'hono/types';
import type * as server from '../../src/client/server-types.ts';

declare function appOf<S extends Schema>(schema: S): Hono<BlankEnv, { [Path in keyof S]: S[Path] }>;
declare function bodiesOf<T>(bodies: T): { [Command in keyof T]: T[Command] };
declare const schema: ExtractSchema<server.AppType>;
declare const bodies: server.CommandBodies;

const app = appOf(schema);
const commandBodies = bodiesOf(bodies);

export type AppType = typeof app;
export type CommandBodies = typeof commandBodies;

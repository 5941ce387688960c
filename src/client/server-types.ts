import type { AppType } from '../api/app.ts';
import type { CommandBody } from '../domain/item/command-bodies.ts';
import type { CommandType } from '../domain/item/commands.ts';

// All that the client knows of the server. The published package has it written out, without the
// server (packages/client/server-types.ts).

export type { AppType };

/** What each command takes, by its name. */
export type CommandBodies = { [Type in CommandType]: CommandBody<Type> };

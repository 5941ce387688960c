import { answered, answeredOrPending, type Reply, type SuccessOf } from './answers.ts';
import type { Rpc, StoredCommand } from './api-types.ts';
import { BatonError, BatonPendingError } from './errors.ts';
import { pathParams } from './path-params.ts';
import { pause } from './pause.ts';

/** Waits for the verdicts of commands that were answered "pending". */
export interface CommandFollower {
  /** The answer of a command, now or when it has its verdict. */
  settled<R extends Reply>(call: Promise<R>): Promise<SuccessOf<R>>;
  /** An applied command. @throws BatonError when it is refused or expired. */
  follow(commandId: string): Promise<StoredCommand>;
}

const FIRST_POLL_MS = 50;
const SLOWEST_POLL_MS = 1_000;

export function createCommandFollower(
  rpc: Rpc,
  { verdictWithinMs }: { verdictWithinMs: number },
): CommandFollower {
  async function follow(commandId: string): Promise<StoredCommand> {
    const deadline = Date.now() + verdictWithinMs;
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, SLOWEST_POLL_MS)) {
      const command = await answered(
        rpc.v1.commands[':id'].$get({ param: pathParams({ id: commandId }) }),
      );
      if (command.state === 'applied') return command;
      if (command.state !== 'pending') throw refusalOf(command);
      if (Date.now() + wait > deadline) throw new BatonPendingError(commandId, verdictWithinMs);
      await pause(wait);
    }
  }
  return {
    follow,
    async settled(call) {
      const first = await answeredOrPending(call);
      if (first.pending === null) return first.body;
      return settledAnswer(await follow(first.pending.commandId));
    },
  };
}

/** A verdict holds what the command's own route would have answered, had it come in time. */
function settledAnswer<Body>({ id, answer }: StoredCommand): Body {
  return { outcome: 'applied', commandId: id, ...answer } as Body;
}

function refusalOf({ id, unmet = [] }: StoredCommand): BatonError {
  return new BatonError({
    status: 409,
    code: 'refused',
    detail: unmet.map(({ code, message }) => `${code}: ${message}`).join('; '),
    unmet,
    commandId: id,
  });
}

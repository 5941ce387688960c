import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LOOPBACK } from '../../local/ports.ts';

/**
 * What a connection lives through. In a partition nothing arrives and nobody is told; what was on its way
 * arrives when it is over, as TCP has it. `deaf` lets requests through and ends a connection instead of the
 * first answer.
 */
export type Weather = 'open' | 'slow' | 'partition' | 'reset' | 'deaf';

/** A way to a server that can be disturbed. */
export interface TcpProxy {
  readonly port: number;
  /** Changes the weather of all connections, those that are there too. */
  set(weather: Weather, options?: { latencyMs?: number }): void;
  /** The weather that a connection of this number gets instead, for all its life; null for none. */
  single(choose: (connection: number) => Weather | null): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
  own: Weather | null;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let current: Weather = 'open';
  let latency = 0;
  let connections = 0;
  let choose: (connection: number) => Weather | null = () => null;
  const weatherOf = ({ own }: Pair) => own ?? current;

  function end(pair: Pair): void {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
  function apply(pair: Pair): void {
    const weather = weatherOf(pair);
    if (weather === 'reset') end(pair);
    for (const socket of [pair.client, pair.server]) {
      if (weather === 'partition') socket.pause();
      else socket.resume();
    }
  }
  /** In order, each piece as late as the weather has it when it comes. */
  function pump(pair: Pair, from: Socket, to: Socket): void {
    let sent = Promise.resolve();
    const pass = (work: () => void) => {
      const pause = weatherOf(pair) === 'slow' ? delay(latency) : null;
      sent = sent.then(() => pause).then(work);
    };
    from.on('data', (piece) => {
      if (from === pair.server && weatherOf(pair) === 'deaf') end(pair);
      else pass(() => void to.write(piece));
    });
    from.on('end', () => pass(() => void to.end()));
    from.on('error', () => end(pair));
    from.on('close', () => {
      pairs.delete(pair);
      pass(() => void to.destroySoon());
    });
  }
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ port: targetPort, host: LOOPBACK, allowHalfOpen: true });
    const pair = { client, server, own: choose(connections) };
    connections += 1;
    pairs.add(pair);
    pump(pair, client, server);
    pump(pair, server, client);
    apply(pair);
  });
  listener.listen(0, LOOPBACK);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    set(weather, { latencyMs = 0 } = {}) {
      current = weather;
      latency = latencyMs;
      for (const pair of pairs) apply(pair);
    },
    single(choice) {
      choose = choice;
    },
    async close() {
      listener.close();
      for (const pair of pairs) end(pair);
      await once(listener, 'close');
    },
  };
}

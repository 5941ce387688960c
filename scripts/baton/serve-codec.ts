import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type CodecServer, FailureError, UsageError } from '../../src/cli/cli-deps.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { readPayloadConfig } from '../../src/config.ts';
import { createCodecServer, newCodecToken } from './codec-server.ts';

/** The codec server of the command line: its token is new at each start. */
export const codecServer: CodecServer = {
  async serve({ host, port, uiOrigins }, onReady) {
    const keys = payloadKeys();
    const token = newCodecToken();
    const server = createCodecServer({ keys, token, uiOrigins });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      throw new FailureError(`cannot listen on ${host}:${port}: ${String(error)}`);
    }
    const { port: taken } = server.address() as AddressInfo;
    onReady(`http://${host === '::1' ? '[::1]' : host}:${taken}/${token}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    server.closeAllConnections();
    server.close();
  },
};

function payloadKeys() {
  try {
    return readPayloadConfig();
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

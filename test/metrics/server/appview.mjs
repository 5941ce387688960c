/**
 * A personal data server and the AppView that indexes it, with their directory, on loopback. The second
 * argument is the address of an empty PostgreSQL database. Prints its address as a line of JSON and stops
 * when its input ends.
 */
import { createServer } from 'node:net';
import { mockNetworkUtilities, TestBsky, TestBsync, TestPds, TestPlc } from '@atproto/dev-env';

const dbPostgresUrl = process.argv[3];
if (dbPostgresUrl === undefined) throw new Error('usage: appview.mjs <folder> <database>');
const bsyncApiKey = 'bsync-api-key';

const plc = await TestPlc.create({});
const bsync = await TestBsync.create({
  apiKeys: [bsyncApiKey],
  dbUrl: dbPostgresUrl,
  dbSchema: 'bsync',
});
const pdsPort = await freePort();
const appView = await TestBsky.create({
  plcUrl: plc.url,
  bsyncApiKey,
  bsyncUrl: bsync.url,
  repoProvider: `ws://localhost:${pdsPort}`,
  dbPostgresSchema: 'appview',
  dbPostgresUrl,
});
bsync.ctx.dataplaneClients = [appView.ctx.dataplane];
const pds = await TestPds.create({
  port: pdsPort,
  didPlcUrl: plc.url,
  bskyAppViewUrl: appView.url,
  bskyAppViewDid: appView.ctx.cfg.serverDid,
});
// Handles of `.test` are resolved at the PDS: there is no DNS for them.
mockNetworkUtilities(pds, appView);
console.log(JSON.stringify({ url: `http://127.0.0.1:${pdsPort}` }));

process.stdin.resume();
process.stdin.once('end', () => process.exit(0));

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

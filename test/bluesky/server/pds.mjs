/**
 * A personal data server on loopback with a directory of its own, both in memory or under the folder that the
 * first argument names. Prints its address as its first line of JSON and stops when its input ends.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { envToCfg, envToSecrets, PDS } from '@atproto/pds';
import { Database, PlcServer } from '@did-plc/server';

const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: pds.mjs <folder>');

const plc = PlcServer.create({ db: Database.mock() });
const directoryServer = await plc.start();
const secret = () => randomBytes(32).toString('hex');
const environment = {
  port: 0,
  hostname: 'localhost',
  devMode: true,
  dataDirectory: directory,
  blobstoreDiskLocation: join(directory, 'blobs'),
  didPlcUrl: `http://localhost:${directoryServer.address().port}`,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  disableSsrfProtection: true,
  jwtSecret: secret(),
  adminPassword: secret(),
  plcRotationKeyK256PrivateKeyHex: secret(),
};
const pds = await PDS.create(envToCfg(environment), envToSecrets(environment));
const server = await pds.start();
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));

process.stdin.resume();
process.stdin.once('end', async () => {
  await pds.destroy();
  await plc.destroy();
  process.exit(0);
});

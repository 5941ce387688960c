import { generateKeyPairSync } from 'node:crypto';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The service account that reads, as the fake Google has to know it (test/support/source-servers/google.mjs). */
export const GOOGLE_READER = { email: 'reader@project.iam.gserviceaccount.com', publicKey };

/** Of an account that the fake does not know. */
export const WRONG_EMAIL = 'wrong@project.iam.gserviceaccount.com';

/** The key file of a service account, as a connection to the fake at this address holds it. */
export function googleSecret(url: string, email: string = GOOGLE_READER.email) {
  return {
    type: 'service_account',
    project_id: 'project',
    client_email: email,
    private_key: privateKey,
    private_key_id: 'k1',
    token_uri: `${url}/token`,
  };
}

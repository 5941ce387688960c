import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GENESIS_HASH, type ItemEvent, verifyChain } from '../../src/domain/item/event.ts';
import { headLine, readSigningKey, signCheckpoint } from '../../src/evidence/checkpoint.ts';
import { sha256Of } from '../../src/evidence/pack-file.ts';
import { MANIFEST, type Manifest, pathOf } from '../../src/evidence/pack-format.ts';
import { type EvidenceVerdict, verifyEvidence } from '../../src/evidence/verify/verify-evidence.ts';
import { rechained, repacked, rowsIn, type Unpacked, unpacked } from './rewritten-pack.ts';
import { shownPath } from './shown-path.ts';
import type { Story } from './story.ts';

const EVENTS = pathOf('events');

/** What the story says of the evidence about an item. */
interface CheckedEvidence {
  pack: string;
  changed: string;
  checkpoint: string;
  rewritten: string;
  /** Where pack, checkpoint and public key are kept. */
  folder: string;
}

/**
 * Everything that is kept of an item, checked by nothing but files: the pack itself, a copy with one byte
 * changed, and a copy whose chain was made anew, held against a checkpoint that was signed before.
 */
export async function checkEvidence(story: Story, itemId: string): Promise<CheckedEvidence> {
  const folder = shownPath(join(story.stateDir, `evidence-${itemId}`));
  await mkdir(folder, { recursive: true });
  const save = async (name: string, content: Uint8Array | string) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  const bytes = await (await story.cast.strategist.client.items.auditPack(itemId)).arrayBuffer();
  const pack = new Uint8Array(bytes);
  const files = unpacked(pack);
  const { checkpoint, key, head } = await signHead(files, save);
  const check = async (name: string, content: Uint8Array) =>
    verifyEvidence({ pack: await save(name, content), checkpoints: checkpoint, keys: [key] });

  const whole = await check('pack.zip', pack);
  if (whole.faults.length > 0) throw new Error(`the audit pack of ${itemId}: ${placeOf(whole)}`);
  const changed = await check('changed.zip', repacked(withOtherByte(files)));
  if (changed.faults.length === 0) throw new Error(`the changed byte of ${itemId} is not found`);
  const rewritten = rechained(files, withOtherActor(files));
  // The rows were events before, and were chained again as such.
  const fault = verifyChain(rowsIn(rewritten, EVENTS) as unknown as ItemEvent[]);
  if (fault !== null) throw new Error(`the rewritten chain of ${itemId}: ${fault.code}`);
  const { faults } = await check('rewritten.zip', repacked(rewritten));
  const found = faults.filter(({ message }) => message.startsWith('checkpoint '));
  return {
    pack: `${Math.round(pack.length / 1_024)} kB, verified offline: the machine replayed ${head.seq} events`,
    changed: `one byte of a copy changed: found in ${placeOf(changed)}`,
    checkpoint: `signed with Ed25519 for whoever is outside: event ${head.seq} has ${head.hash.slice(0, 12)}…`,
    rewritten: `the chain of a copy made anew, it agrees with itself: found in ${placeOf({ faults: found })}`,
    folder,
  };
}

/**
 * A checkpoint of the item's chain, as the worker signs one of all chains every hour where it has a key.
 * The private key is gone with the story.
 */
async function signHead(
  files: Unpacked,
  save: (name: string, content: string) => Promise<string>,
): Promise<{ checkpoint: string; key: string; head: Manifest['head'] }> {
  const { workspaceId, itemId, head }: Manifest = JSON.parse(files[MANIFEST] ?? '');
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = readSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const heads = headLine({ stream: itemId, ...head });
  const at = new Date().toISOString();
  const signed = signCheckpoint(
    { workspaceId, seq: 1, at, headCount: 1, headsHash: sha256Of(heads), prevHash: GENESIS_HASH },
    key,
  );
  return {
    checkpoint: await save('checkpoint.json', `${JSON.stringify({ ...signed, heads })}\n`),
    key: await save('checkpoint-key.pub', key.publicKey),
    head,
  };
}

/** A copy in which the first approval reads `Approve`. */
function withOtherByte(files: Unpacked): Unpacked {
  const events = files[EVENTS] ?? '';
  if (!events.includes('"approve"')) throw new Error(`${EVENTS} has no approval`);
  return { ...files, [EVENTS]: events.replace('"approve"', '"Approve"') };
}

/** The events of a chain in which somebody else gave the first approval. */
function withOtherActor(files: Unpacked): Record<string, unknown>[] {
  const events = rowsIn(files, EVENTS);
  const at = events.findIndex(({ type }) => type === 'approval.decided');
  return events.map((event, index) => (index === at ? { ...event, actor: 'mbr_somebody' } : event));
}

function placeOf({ faults: [first] }: Pick<EvidenceVerdict, 'faults'>): string {
  if (first === undefined) throw new Error('nothing was found that should have been');
  const { file, row, field, message } = first;
  return `${file}, row ${row}, ${field}: ${message}`;
}

import { Client } from 'pg';
import { shuffled } from '../random.ts';

/** What somebody with all rights on the database did to one event. */
export interface Tamper {
  kind: string;
  itemId: string;
  seq: number;
}

/** Changes of one event, `$1` its item and `$2` its seq. */
const KINDS: Readonly<Record<string, string>> = {
  'a letter of the data': `update item_events set data = overlay(data::text
    placing (case substr(data::text, length(data::text) - 2, 1) when '1' then '2' else '1' end)
    from length(data::text) - 2 for 1)::jsonb where item_id = $1 and seq = $2`,
  'a key of the data': `update item_events set data = data || '{"added": true}' where item_id = $1 and seq = $2`,
  'the time': `update item_events set at = at + interval '1 millisecond' where item_id = $1 and seq = $2`,
  'the actor': `update item_events set actor = actor || '0' where item_id = $1 and seq = $2`,
  'the type': `update item_events set type = 'item.held' where item_id = $1 and seq = $2`,
  'the hash': `update item_events set hash = translate(hash, '0123456789abcdef', '123456789abcdef0')
    where item_id = $1 and seq = $2`,
  'the hash before': `update item_events set prev_hash = translate(prev_hash, '0123456789abcdef', '123456789abcdef0')
    where item_id = $1 and seq = $2`,
  'the command': `update item_events set command_id = command_id || '0' where item_id = $1 and seq = $2`,
  'the order': `update item_events one set data = other.data, hash = other.hash
    from item_events other where one.item_id = $1 and other.item_id = $1
    and ((one.seq = $2 and other.seq = $2 + 1) or (one.seq = $2 + 1 and other.seq = $2))`,
  'left out': 'delete from item_events where item_id = $1 and seq = $2',
  'the last left out': `delete from item_events where item_id = $1
    and seq = (select max(seq) from item_events where item_id = $1) and $2::integer > 0`,
};

/** Tampers once with each of some items, by a seed. @returns what was done */
export async function tamper(
  adminUrl: string,
  itemIds: readonly string[],
  { count, length, random }: { count: number; length: number; random: () => number },
): Promise<Tamper[]> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // As a superuser may: neither triggers nor references hold.
    await client.query("set session_replication_role = 'replica'");
    const kinds = Object.keys(KINDS);
    const done: Tamper[] = [];
    for (const [index, itemId] of shuffled(itemIds, random).slice(0, count).entries()) {
      const kind = kinds[index % kinds.length] ?? '';
      // Neither the first event, which no command made, nor the last, which has no next one.
      const seq = 2 + Math.floor(random() * (length - 3));
      const result = await client.query(KINDS[kind] ?? '', [itemId, seq]);
      if (!result.rowCount) throw new Error(`${kind} of ${itemId} ${seq} changed nothing`);
      done.push({ kind, itemId, seq });
    }
    return done;
  } finally {
    await client.end();
  }
}

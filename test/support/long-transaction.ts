import type { Db } from '../../src/db/client.ts';
import { inTransaction } from '../../src/db/transaction.ts';

/** A transaction that keeps its locks while something else is waited for, however long that takes. */
export function inLongTransaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return inTransaction(db, async (tx) => {
    await tx.execute('set local idle_in_transaction_session_timeout = 0');
    return work(tx);
  });
}

import { MIGRATIONS } from '../../../src/domain/item/versions/migrations.ts';
import { EARLIER_STEPS } from '../../machine/earlier-versions.ts';

export { contentItem } from '../../../src/workflows/content-item.ts';
export { historyArchive } from '../../../src/workflows/history-archive.ts';

/** The workflows of a release whose machine had two versions before this one. */
Object.assign(MIGRATIONS, EARLIER_STEPS);

import type { ItemSnapshot } from '../../../src/domain/item/run.ts';
import { OperatorView as PresentView } from '../../../src/workflows/operator-view.ts';

/** Shows a change before the next timer is set, where this release sets the timer first. */
export class OperatorView extends PresentView {
  override note(snapshot: ItemSnapshot): void {
    super.note(snapshot);
    this.show();
  }
}

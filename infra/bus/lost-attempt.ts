/** An attempt at a call that ends without an answer of the other side. */
import { UnavailableError } from '../../kit/errors.ts';

export type Loss =
  /** Nobody took it: it had no effect. */
  | 'undelivered'
  /** Its node has fallen silent; it may have had its effect. */
  | 'silent'
  /** The node lives, but its answer is overdue. */
  | 'overdue';

const CODES: Readonly<Record<Loss, string>> = {
  undelivered: 'NODE_AWAY',
  silent: 'NODE_SILENT',
  overdue: 'ANSWER_LOST',
};

export class LostAttemptError extends UnavailableError {
  readonly loss: Loss;

  constructor(loss: Loss, action: string, node: string | null) {
    super(CODES[loss], `No answer came from the node that serves ${action}; try again.`, { node });
    this.loss = loss;
    // Another node that it is passed on to knows the classes of kit/errors.ts only.
    this.name = 'UnavailableError';
  }
}

/**
 * What travels with a call besides its parameters: the caller's deadline and the request id.
 *
 * Held in an AsyncLocalStorage, so that collaborators stay plain objects and still pass both on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface CallContext {
  readonly requestId?: string;
  /** UTC milliseconds after which nobody waits for the answer. */
  readonly deadlineMs?: number;
}

const storage = new AsyncLocalStorage<CallContext>();
const none: CallContext = {};

export const currentCall = (): CallContext => storage.getStore() ?? none;
export const withCall = <T>(context: CallContext, fn: () => T): T => storage.run(context, fn);

/** Lets whatever else waits for the event loop have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

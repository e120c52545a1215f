/** Fan-out to whoever is interested right now; nothing that counts travels here. */
export interface Topics {
  publish(topic: string, message: unknown): Promise<void>;
  /** Handlers must not block. Resolves once messages published from now on will arrive. */
  subscribe(topic: string, handler: (message: unknown) => void): Promise<AsyncDisposable>;
}

/** Answers kept in memory, so that going back shows a page as it was left, at once. */
const KEPT_MAX = 60;
const kept = new Map<string, unknown>();

export function keep(name: string, value: unknown): void {
  kept.delete(name);
  kept.set(name, value);
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}

export const isKept = (name: string): boolean => kept.has(name);
export const keptOf = <T>(name: string): T | undefined => kept.get(name) as T | undefined;

/** Another listener sees nothing of what this one was shown. */
export const forgetKept = (): void => kept.clear();

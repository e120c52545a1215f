/** What a benchmark answers: ratios against a limit taken in the same run, never bare times. */
export interface BenchReport {
  readonly name: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
  readonly rows: readonly (readonly [label: string, value: string])[];
}

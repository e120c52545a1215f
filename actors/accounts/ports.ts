/** The least that accounts need from outside besides the engines of kit/ports. */

export type Payment =
  | {
      readonly paid: true;
      /** The provider's name for the agreement; renewals are asked for by it. */
      readonly reference: string;
      /** UTC milliseconds until which is paid. */
      readonly untilMs: number;
    }
  | { readonly paid: false; readonly reason: string };

/** Takes money for premium. Answers or throws within two seconds; a throw means that nothing is known. */
export interface PaymentProvider {
  /**
   * The first payment, with a token that the provider's own form handed to the client. A repeat of the same
   * user and token while that payment runs must not charge again.
   */
  start(userId: string, paymentToken: string, nowMs: number): Promise<Payment>;
  /** The period that began at `dueAtMs`; a repeat for the same period must not charge again. */
  renew(reference: string, dueAtMs: number): Promise<Payment>;
}

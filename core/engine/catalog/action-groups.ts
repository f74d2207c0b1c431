/** Lists of tools every policy may name; a policy's own group of the same name stands instead. */
export const builtInGroups: Readonly<Record<string, readonly string[]>> = Object.freeze({
  financial_actions: Object.freeze([
    "payments.*",
    "stripe.*",
    "*.refund",
    "*.transfer",
    "*_refund",
    "send_payment",
    "send_certificate",
  ]),
});

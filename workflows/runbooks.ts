import type { Attention } from './messages.ts'

/** What to do when a workflow asks for somebody: a page of this repository for each reason. */
export const RUNBOOK: Readonly<Record<Attention, string>> = {
  'check-failed': 'docs/runbooks/check-failed.md',
  'proof-failed': 'docs/runbooks/proof-failed.md',
  'sequence-failed': 'docs/runbooks/sequence-reverted.md',
  'verification-failed': 'docs/runbooks/verification-reverted.md',
  'sync-failed': 'docs/runbooks/sync-failed.md',
  'trusted-batch-replaced': 'docs/runbooks/trusted-batch-replaced.md',
  'l1-refused': 'docs/runbooks/l1-transaction.md',
  'l1-signer-refused': 'docs/runbooks/l1-transaction.md',
  'l1-fee-limit': 'docs/runbooks/l1-transaction.md',
  'l1-balance-low': 'docs/runbooks/l1-transaction.md',
  'l1-cancelled': 'docs/runbooks/l1-transaction.md',
}

/** A sentence for current details. */
export const runbookOf = (attention: Attention) => `What to do: \`${RUNBOOK[attention]}\`.`

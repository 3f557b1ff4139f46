import type { Attention, L1TransactionView } from './messages.ts'
import { runbookOf } from './runbooks.ts'

/** What the Temporal UI shows as the transaction's current details. */
export function describeL1Transaction(view: L1TransactionView, needs?: Attention): string {
  const rows = Object.entries({
    status: `**${view.status}**`,
    nonce: view.nonce,
    'L1 transaction': view.l1TxHash && `\`${view.l1TxHash}\``,
    'L1 block': view.l1BlockNumber,
    'fee, wei per gas': view.maxFeePerGas && `${view.maxFeePerGas}, tip ${view.maxPriorityFeePerGas}`,
    'signed forms': view.attempts || undefined,
    tries: view.tries,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`| ${name} | ${value} |`]))
  const parts = [`| | |\n|---|---|\n${rows.join('\n')}`]
  if (view.feeLimited) parts.push('It waits at its fee limit until L1 is cheaper.')
  if (view.lastError !== undefined) parts.push(`Last error:\n\n> ${view.lastError}`)
  if (needs !== undefined)
    parts.push(
      `Mend what it says, then *Send an Update*: \`retryL1Transaction\` or \`cancelL1Transaction\`. ${runbookOf(needs)}`,
    )
  return parts.join('\n\n')
}

import type { FC } from 'hono/jsx'
import { AddressLink, Ago, BlockLink, Table, TxLink } from './parts.tsx'
import type { BlockDetails, Receipt, Transaction } from './shapes.ts'
import { grouped, shortEther } from './text.ts'

export const BlocksTable: FC<{ blocks: readonly BlockDetails[]; empty: string }> = ({ blocks, empty }) => (
  <Table heads={['Block', '#Transactions', '#Gas used', '#Age']} empty={empty}>
    {blocks.map(({ block }) => (
      <tr>
        <td>
          <BlockLink number={block.number} />
        </td>
        <td class="amount">{grouped(block.transactionCount)}</td>
        <td class="amount">{grouped(block.gasUsed)}</td>
        <td class="amount">
          <Ago at={block.timestamp} />
        </td>
      </tr>
    ))}
  </Table>
)

/** First cell of a transaction's row: its link, and whether it failed. */
export const TransactionCell: FC<{ receipt: Pick<Receipt, 'transactionHash' | 'status'> }> = ({ receipt }) => (
  <td>
    <TxLink hash={receipt.transactionHash} />
    {receipt.status === '0x0' && <span class="state bad">failed</span>}
  </td>
)

/** Cells from whom, to whom and how much. */
export const TransferCells: FC<{ transaction: Pick<Transaction, 'from' | 'to' | 'value'> }> = ({ transaction }) => (
  <>
    <td>
      <AddressLink address={transaction.from} />
    </td>
    <td>{transaction.to === null ? 'new contract' : <AddressLink address={transaction.to} />}</td>
    <td class="amount">{shortEther(transaction.value)}</td>
  </>
)

import type { FC } from 'hono/jsx'
import type { Hash, Hex } from '#protocol/primitives.ts'
import type { Ask } from './ask.ts'
import { Layout } from './layout.tsx'
import { TransactionCell, TransferCells } from './lists.tsx'
import { AddressLink, BatchLink, Card, Copyable, Facts, PAGE, type PageProps, Pages, Table, When } from './parts.tsx'
import type { BlockDetails, BlockPage } from './shapes.ts'
import { ether, grouped } from './text.ts'

/** Undefined when there is no such block. `page` counts from 0, the last transactions first. */
export async function readBlockPage(ask: Ask, block: Hex | Hash, page: number) {
  const isHash = block.length === 66
  const details = await (isHash
    ? ask<BlockDetails | null>('ots_getBlockDetailsByHash', block)
    : ask<BlockDetails | null>('ots_getBlockDetails', block))
  if (details === null) return undefined
  const { number } = details.block
  const [list, batchNumber] = await Promise.all([
    ask<BlockPage | null>('ots_getBlockTransactions', number, page, PAGE),
    ask<Hex | null>('zkevm_batchNumberByBlockNumber', number),
  ])
  return list === null ? undefined : { ...details, list, batchNumber, page }
}

export const BlockView: FC<PageProps & NonNullable<Awaited<ReturnType<typeof readBlockPage>>>> = (props) => {
  const { block, totalFees, list, batchNumber, page, networkName } = props
  const number = Number(block.number)
  const link = (to: number) => `/block/${number}?page=${to}`
  const hasOlder = (page + 1) * PAGE < block.transactionCount
  return (
    <Layout title={`Block ${number}`} networkName={networkName}>
      <h1>Block {grouped(number)}</h1>
      <Card title="Block">
        <Facts
          rows={[
            ['Time', <When at={block.timestamp} />],
            batchNumber === null ? undefined : ['Batch', <BatchLink number={batchNumber} />],
            ['Transactions', grouped(block.transactionCount)],
            ['Gas used', `${grouped(block.gasUsed)} of ${grouped(block.gasLimit)}`],
            ['Fees', ether(totalFees)],
            ['Hash', <Copyable text={block.hash} />],
            [
              'Parent',
              number === 0 ? (
                'none'
              ) : (
                <a href={`/block/${number - 1}`}>
                  <code>{block.parentHash}</code>
                </a>
              ),
            ],
            ['State root', <Copyable text={block.stateRoot} />],
            ['Fee recipient', <AddressLink address={block.miner} isWhole />],
          ]}
        />
      </Card>
      <Card title="Transactions">
        <Table heads={['Transaction', 'From', 'To', '#Value', '#Gas used']} empty="None in this block.">
          {list.fullblock.transactions.map((transaction, index) => (
            <tr>
              <TransactionCell receipt={list.receipts[index]!} />
              <TransferCells transaction={transaction} />
              <td class="amount">{grouped(list.receipts[index]!.gasUsed)}</td>
            </tr>
          ))}
        </Table>
        <Pages newer={page === 0 ? undefined : link(page - 1)} older={hasOlder ? link(page + 1) : undefined} />
      </Card>
    </Layout>
  )
}

import type { FC } from 'hono/jsx'
import type { Address, Hex } from '#protocol/primitives.ts'
import type { Ask } from './ask.ts'
import { Layout } from './layout.tsx'
import { TransactionCell, TransferCells } from './lists.tsx'
import { Ago, BlockLink, Card, Copyable, Facts, PAGE, type PageProps, Pages, Table } from './parts.tsx'
import type { AddressPage } from './shapes.ts'
import { ether, grouped } from './text.ts'

/** `before` is a block: the newest transactions below it; all when 0. */
export async function readAddressPage(ask: Ask, address: Address, before: number) {
  const [balance, nonce, code, found] = await Promise.all([
    ask<Hex>('eth_getBalance', address, 'latest'),
    ask<Hex>('eth_getTransactionCount', address, 'latest'),
    ask<Hex>('eth_getCode', address, 'latest'),
    ask<AddressPage>('ots_searchTransactionsBefore', address, before, PAGE),
  ])
  return { address, balance, nonce, codeBytes: (code.length - 2) / 2, found, before }
}

export const AddressView: FC<PageProps & Awaited<ReturnType<typeof readAddressPage>>> = (props) => {
  const { address, balance, nonce, codeBytes, found, before, networkName } = props
  const oldest = found.txs.at(-1)?.blockNumber
  const older = found.lastPage || !oldest ? undefined : `/address/${address}?before=${Number(oldest)}`
  return (
    <Layout title={`Address ${address}`} networkName={networkName}>
      <h1>{codeBytes > 0 ? 'Contract' : 'Account'}</h1>
      <Card title={codeBytes > 0 ? 'Contract' : 'Account'}>
        <Facts
          rows={[
            ['Address', <Copyable text={address} />],
            ['Balance', ether(balance)],
            ['Nonce', grouped(nonce)],
            codeBytes === 0 ? undefined : ['Code', `${grouped(codeBytes)} bytes`],
          ]}
        />
      </Card>
      <Card title={before === 0 ? 'Last transactions' : `Transactions before block ${grouped(before)}`}>
        <Table heads={['Transaction', '#Block', 'From', 'To', '#Value', '#Age']} empty="None.">
          {found.txs.map((transaction, index) => (
            <tr>
              <TransactionCell receipt={found.receipts[index]!} />
              <td class="amount">
                <BlockLink number={transaction.blockNumber!} />
              </td>
              <TransferCells transaction={transaction} />
              <td class="amount">
                <Ago at={found.receipts[index]!.timestamp} />
              </td>
            </tr>
          ))}
        </Table>
        <Pages newer={before === 0 ? undefined : `/address/${address}`} older={older} />
      </Card>
    </Layout>
  )
}

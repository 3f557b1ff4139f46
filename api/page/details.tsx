import type { FC } from 'hono/jsx'
import { hexToBytes } from '#common/bytes.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { decodeRevertReason } from '#protocol/revertReason.ts'
import type { Ask } from './ask.ts'
import { describeLog } from './knownEvents.ts'
import { Layout } from './layout.tsx'
import { AddressLink, Ago, BatchLink, BlockLink, Card, Copyable, Facts, Table, TxLink } from './parts.tsx'
import { type Elsewhere, Remedy, StateBadge } from './pipeline.tsx'
import type { AddressPage, Batch, BatchStatus, BlockDetails, BlockPage, Log, Receipt, Transaction } from './shapes.ts'
import { ether, grouped, gwei, shortEther } from './text.ts'

type PageProps = { networkName: string }

const PAGE = 25
/** More of it is cut: it is for eyes. */
const SHOWN_HEX = 2048

const When: FC<{ at: Hex | number }> = ({ at }) => (
  <>
    <Ago at={at} />{' '}
    <small>{new Date(Number(at) * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')}</small>
  </>
)

const Pages: FC<{ newer?: string | undefined; older?: string | undefined }> = ({ newer, older }) =>
  newer === undefined && older === undefined ? null : (
    <nav class="pages" aria-label="Pages">
      {newer !== undefined && <a href={newer}>newer</a>}
      {older !== undefined && <a href={older}>older</a>}
    </nav>
  )

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
              <td>
                <TxLink hash={transaction.hash} />
                {list.receipts[index]!.status === '0x0' && <span class="state bad">failed</span>}
              </td>
              <td>
                <AddressLink address={transaction.from} />
              </td>
              <td>{transaction.to === null ? 'new contract' : <AddressLink address={transaction.to} />}</td>
              <td class="amount">{shortEther(transaction.value)}</td>
              <td class="amount">{grouped(list.receipts[index]!.gasUsed)}</td>
            </tr>
          ))}
        </Table>
        <Pages newer={page === 0 ? undefined : link(page - 1)} older={hasOlder ? link(page + 1) : undefined} />
      </Card>
    </Layout>
  )
}

/** Undefined when nobody knows it. */
export async function readTransactionPage(ask: Ask, hash: Hash) {
  const [transaction, receipt] = await Promise.all([
    ask<Transaction | null>('eth_getTransactionByHash', hash),
    ask<Receipt | null>('eth_getTransactionReceipt', hash),
  ])
  if (transaction === null) return undefined
  if (receipt === null) return { transaction }
  const [batchNumber, details, error] = await Promise.all([
    ask<Hex | null>('zkevm_batchNumberByBlockNumber', receipt.blockNumber),
    ask<BlockDetails | null>('ots_getBlockDetails', receipt.blockNumber),
    receipt.status === '0x0' ? ask<Hex>('ots_getTransactionError', hash).catch(() => undefined) : undefined,
  ])
  const status = batchNumber === null ? null : await ask<BatchStatus | null>('zkevm_getBatchStatus', batchNumber)
  return { transaction, receipt, batchNumber, status, timestamp: details?.block.timestamp, error }
}

type TransactionProps = PageProps & NonNullable<Awaited<ReturnType<typeof readTransactionPage>>>

export const TransactionView: FC<TransactionProps> = (props) => {
  const { transaction, receipt, batchNumber, status, timestamp, error, networkName } = props
  const { hash, from, to, value, nonce, gas, gasPrice, input } = transaction
  const fee = receipt && BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice)
  return (
    <Layout title="Transaction" networkName={networkName}>
      <h1>Transaction</h1>
      <Card title="Transaction" aside={<Outcome receipt={receipt} />}>
        {error !== undefined && error !== '0x' && <p class="failure">Reverted: {reasonOf(error)}</p>}
        <Facts
          rows={[
            ['Hash', <Copyable text={hash} />],
            receipt && [
              'Block',
              <>
                <BlockLink number={receipt.blockNumber} /> <small>position {Number(receipt.transactionIndex)}</small>
              </>,
            ],
            batchNumber && [
              'Batch',
              <>
                <BatchLink number={batchNumber} /> {status && <StateBadge status={status} />}
              </>,
            ],
            timestamp && ['Time', <When at={timestamp} />],
            ['From', <AddressLink address={from} isWhole />],
            to === null ? undefined : ['To', <AddressLink address={to} isWhole />],
            receipt?.contractAddress
              ? ['New contract', <AddressLink address={receipt.contractAddress} isWhole />]
              : undefined,
            ['Value', ether(value)],
            fee === undefined ? undefined : ['Fee', ether(fee)],
            ['Gas', receipt ? `${grouped(receipt.gasUsed)} of ${grouped(gas)}` : grouped(gas)],
            ['Gas price', receipt ? `${gwei(receipt.effectiveGasPrice)} of ${gwei(gasPrice)}` : gwei(gasPrice)],
            ['Nonce', grouped(nonce)],
            input === '0x' ? undefined : ['Input', <Data hex={input} />],
          ]}
        />
      </Card>
      {receipt && (
        <Card title={`Logs (${receipt.logs.length})`}>
          {receipt.logs.length === 0 ? <p class="empty">None.</p> : receipt.logs.map((log) => <LogView log={log} />)}
        </Card>
      )}
    </Layout>
  )
}

const Outcome: FC<{ receipt: Receipt | undefined }> = ({ receipt }) => {
  if (receipt === undefined) return <span class="state busy">waits in the pool</span>
  return receipt.status === '0x1' ? <span class="state good">succeeded</span> : <span class="state bad">failed</span>
}

const reasonOf = (data: Hex) => decodeRevertReason(hexToBytes(data)) ?? data

const Data: FC<{ hex: Hex }> = ({ hex }) => (
  <details>
    <summary>
      <code>{hex.slice(0, 10)}</code> <small>{grouped((hex.length - 2) / 2)} bytes</small>
    </summary>
    <code class="block">
      {hex.slice(0, SHOWN_HEX)}
      {hex.length > SHOWN_HEX && '…'}
    </code>
  </details>
)

const LogView: FC<{ log: Log }> = ({ log }) => {
  const known = describeLog(log)
  return (
    <div class="log">
      <p>
        <small>#{Number(log.logIndex)}</small> <AddressLink address={log.address} isWhole />{' '}
        {known !== undefined && <strong>{known}</strong>}
      </p>
      <Facts
        rows={[
          ...log.topics.map((topic, index): [string, string] => [`Topic ${index}`, topic]),
          log.data === '0x' ? undefined : ['Data', <Data hex={log.data} />],
        ]}
      />
    </div>
  )
}

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
              <td>
                <TxLink hash={transaction.hash} />
                {found.receipts[index]!.status === '0x0' && <span class="state bad">failed</span>}
              </td>
              <td class="amount">
                <BlockLink number={transaction.blockNumber!} />
              </td>
              <td>
                <AddressLink address={transaction.from} />
              </td>
              <td>{transaction.to === null ? 'new contract' : <AddressLink address={transaction.to} />}</td>
              <td class="amount">{shortEther(transaction.value)}</td>
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

/** Undefined when there is no such batch. */
export async function readBatchPage(ask: Ask, number: Hex) {
  const [batch, status] = await Promise.all([
    ask<Batch | null>('zkevm_getBatchByNumber', number, false),
    ask<BatchStatus | null>('zkevm_getBatchStatus', number),
  ])
  if (batch === null || status === null) return undefined
  const blocks = await Promise.all(
    batch.blocks.slice(-PAGE).map((hash) => ask<BlockDetails | null>('ots_getBlockDetailsByHash', hash)),
  )
  return { batch, status, blocks: blocks.filter((details) => details !== null).reverse() }
}

type BatchProps = PageProps & { elsewhere: Elsewhere } & NonNullable<Awaited<ReturnType<typeof readBatchPage>>>

export const BatchView: FC<BatchProps> = ({ batch, status, blocks, elsewhere, networkName }) => {
  const workflowUrl = status.workflowId === null ? undefined : elsewhere.workflowUrl(status.workflowId)
  return (
    <Layout title={`Batch ${Number(batch.number)}`} networkName={networkName}>
      <h1>Batch {grouped(batch.number)}</h1>
      <Card title="Batch" aside={<StateBadge status={status} />}>
        <Remedy status={status} />
        <Facts
          rows={[
            ['Since', <When at={status.since} />],
            workflowUrl === undefined ? undefined : ['Workflow', <a href={workflowUrl}>{status.workflowId}</a>],
            ['Transactions', grouped(status.transactions)],
            ['Blocks', grouped(status.blocks)],
            status.forced ? ['Forced batch', grouped(batch.forcedBatchNumber ?? 0)] : undefined,
            ['Attempts on L1 and of provers', grouped(status.attempts)],
            ['Sequenced on L1 by', <L1Hash hash={status.sendSequencesTxHash} id="sequence" elsewhere={elsewhere} />],
            ['Verified on L1 by', <L1Hash hash={status.verifyBatchTxHash} id="verification" elsewhere={elsewhere} />],
            ['State root', <Copyable text={batch.stateRoot} />],
            ['Accumulated input hash', <Copyable text={batch.accInputHash} />],
            ['Local exit root', <Copyable text={batch.localExitRoot} />],
            ['Fee recipient', <AddressLink address={batch.coinbase} isWhole />],
          ]}
        />
      </Card>
      <Card title={batch.blocks.length > blocks.length ? `Last ${blocks.length} blocks` : 'Blocks'}>
        <Table heads={['Block', '#Transactions', '#Gas used', '#Age']} empty="None yet.">
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
      </Card>
    </Layout>
  )
}

const L1Hash: FC<{ hash: Hash | null; id: string; elsewhere: Elsewhere }> = ({ hash, id, elsewhere }) => {
  if (hash === null) return <span id={id}>not yet</span>
  const url = elsewhere.l1TxUrl(hash)
  return (
    <span id={id}>
      <Copyable text={hash}>
        {url === undefined ? (
          <code>{hash}</code>
        ) : (
          <a href={url}>
            <code>{hash}</code>
          </a>
        )}
      </Copyable>
    </span>
  )
}

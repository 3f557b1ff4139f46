import type { FC } from 'hono/jsx'
import { hexToBytes } from '#common/bytes.ts'
import type { Database } from '#db/client.ts'
import { findMinedTransaction } from '#db/rpc/transactions.ts'
import type { Hash, Hex } from '#protocol/primitives.ts'
import { decodeRevertReason } from '#protocol/revertReason.ts'
import { RpcError } from '../errors.ts'
import type { Ask } from './ask.ts'
import { L1Hash } from './batchPage.tsx'
import { describeLog } from './knownEvents.ts'
import { Layout } from './layout.tsx'
import { AddressLink, BatchLink, BlockLink, Card, Copyable, Facts, type PageProps, When } from './parts.tsx'
import { type Elsewhere, StateBadge } from './pipeline.tsx'
import type { BatchStatus, BlockDetails, Log, Receipt, Transaction } from './shapes.ts'
import { ether, grouped, gwei } from './text.ts'

/** More of it is cut: it is for eyes. */
const SHOWN_HEX = 2048
const SHOWN_REASON = 1024
const SHOWN_LOGS = 100

/** A signed price is charged in parts of this: the byte in the batch, and one more. */
const PRICE_PARTS = 256

type Reading = {
  ask: Ask
  db: Database
  /** Pays for running its block again, which tells why it failed. */
  mayTrace: () => boolean
}

/** Undefined when nobody knows it. */
export async function readTransactionPage({ ask, db, mayTrace }: Reading, hash: Hash) {
  const [transaction, receipt] = await Promise.all([
    ask<Transaction | null>('eth_getTransactionByHash', hash),
    ask<Receipt | null>('eth_getTransactionReceipt', hash),
  ])
  if (transaction === null) return undefined
  if (receipt === null) return { transaction }
  const [batchNumber, details, mined, error] = await Promise.all([
    ask<Hex | null>('zkevm_batchNumberByBlockNumber', receipt.blockNumber),
    ask<BlockDetails | null>('ots_getBlockDetails', receipt.blockNumber),
    findMinedTransaction(db, hash),
    receipt.status === '0x0' && mayTrace() ? findError(ask, hash) : undefined,
  ])
  const status = batchNumber === null ? null : await ask<BatchStatus | null>('zkevm_getBatchStatus', batchNumber)
  const timestamp = details?.block.timestamp
  return { transaction, receipt, batchNumber, status, timestamp, percentage: mined?.effectivePercentage, error }
}

/** The page is worth something without it: while too many traces run, or when its history is gone. */
async function findError(ask: Ask, hash: Hash): Promise<Hex | undefined> {
  try {
    return await ask<Hex>('ots_getTransactionError', hash)
  } catch (error) {
    if (error instanceof RpcError) return undefined
    throw error
  }
}

type TransactionProps = PageProps & { elsewhere: Elsewhere } & NonNullable<
    Awaited<ReturnType<typeof readTransactionPage>>
  >

export const TransactionView: FC<TransactionProps> = (props) => {
  const { transaction, receipt, batchNumber, status, timestamp, percentage, error, elsewhere, networkName } = props
  const { hash, from, to, value, nonce, gas, gasPrice, input } = transaction
  const fee = receipt && BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice)
  return (
    <Layout title="Transaction" networkName={networkName}>
      <h1>Transaction</h1>
      <Card title="Transaction" aside={<Outcome receipt={receipt} />}>
        {error !== undefined && error !== '0x' && <Reason data={error} />}
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
            status && [
              'Sequenced on L1 by',
              <L1Hash hash={status.sendSequencesTxHash} id="sequence" elsewhere={elsewhere} />,
            ],
            status && [
              'Verified on L1 by',
              <L1Hash hash={status.verifyBatchTxHash} id="verification" elsewhere={elsewhere} />,
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
            percentage === undefined ? undefined : ['Effective percentage', percentageText(percentage)],
            ['Nonce', grouped(nonce)],
            input === '0x' ? undefined : ['Input', <Data hex={input} />],
          ]}
        />
      </Card>
      {receipt && <Logs logs={receipt.logs} />}
    </Layout>
  )
}

const Outcome: FC<{ receipt: Receipt | undefined }> = ({ receipt }) => {
  if (receipt === undefined) return <span class="state busy">waits in the pool</span>
  return receipt.status === '0x1' ? <span class="state good">succeeded</span> : <span class="state bad">failed</span>
}

const percentageText = (byte: number) =>
  `${byte} of 255, or ${Math.round(((byte + 1) / PRICE_PARTS) * 1000) / 10} % of the signed price`

/** A contract chose the text: it may be long, or turn the direction of what stands beside it. */
const Reason: FC<{ data: Hex }> = ({ data }) => {
  const reason = decodeRevertReason(hexToBytes(data)) ?? data
  return (
    <p class="failure">
      Reverted: <bdi>{reason.slice(0, SHOWN_REASON)}</bdi>
      {reason.length > SHOWN_REASON && '…'}
    </p>
  )
}

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

const Logs: FC<{ logs: readonly Log[] }> = ({ logs }) => (
  <Card title={`Logs (${logs.length})`}>
    {logs.length === 0 && <p class="empty">None.</p>}
    {logs.slice(0, SHOWN_LOGS).map((log) => (
      <LogView log={log} />
    ))}
    {logs.length > SHOWN_LOGS && <p class="hint">The first {SHOWN_LOGS}; eth_getTransactionReceipt gives all.</p>}
  </Card>
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

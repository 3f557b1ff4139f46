import type { FC } from 'hono/jsx'
import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import type { Hex } from '#protocol/primitives.ts'
import { RPC_CODE, RpcError } from '../errors.ts'
import type { Ask } from './ask.ts'
import { FaucetForm } from './faucet.tsx'
import { Layout } from './layout.tsx'
import { BlocksTable, TransactionCell, TransferCells } from './lists.tsx'
import { Ago, Card, Copyable, Facts, Table } from './parts.tsx'
import { type Elsewhere, type Pipeline, PipelineRows, readPipeline } from './pipeline.tsx'
import type { BlockDetails, BlockPage, Receipt, SyncStatus, Transaction } from './shapes.ts'
import { grouped, gwei } from './text.ts'

const BLOCKS = 8
const TRANSACTIONS = 8

/** What changes while one looks at the page. */
export type Live = {
  status: SyncStatus
  gasPrice: Hex
  forkId: Hex
  /** Blocks; undefined where there is an error instead before anything is verified (rpc.strictTags). */
  safe: Hex | undefined
  finalized: Hex | undefined
  pipeline: Pipeline
  blocks: BlockDetails[]
  transactions: Shown[]
}
type Shown = { transaction: Transaction; receipt: Receipt; timestamp: Hex }

export async function readLive(ask: Ask, db: Database): Promise<Live> {
  const [status, gasPrice, forkId, safe, finalized] = await Promise.all([
    ask<SyncStatus>('zkevm_syncStatus'),
    ask<Hex>('eth_gasPrice'),
    ask<Hex>('zkevm_getForkId'),
    findTagged(ask, 'safe'),
    findTagged(ask, 'finalized'),
  ])
  const heads = { trusted: Number(status.trustedBatch), verified: Number(status.verifiedBatch) }
  const [pipeline, blocks] = await Promise.all([
    readPipeline(ask, db, heads),
    readBlocks(ask, Number(status.latestBlock)),
  ])
  const transactions = await readTransactions(ask, blocks)
  return { status, gasPrice, forkId, safe, finalized, pipeline, blocks, transactions }
}

async function findTagged(ask: Ask, tag: 'safe' | 'finalized'): Promise<Hex | undefined> {
  try {
    return (await ask<{ number: Hex } | null>('eth_getBlockByNumber', tag, false))?.number
  } catch (error) {
    if (error instanceof RpcError && error.code === RPC_CODE.unknownBlock) return undefined
    throw error
  }
}

async function readBlocks(ask: Ask, latest: number): Promise<BlockDetails[]> {
  const numbers = Array.from({ length: Math.min(BLOCKS, latest + 1) }, (_, index) => latest - index)
  const found = await Promise.all(numbers.map((number) => ask<BlockDetails | null>('ots_getBlockDetails', number)))
  return found.filter((details) => details !== null)
}

async function readTransactions(ask: Ask, blocks: readonly BlockDetails[]): Promise<Shown[]> {
  const shown: Shown[] = []
  for (const { block } of blocks) {
    if (shown.length >= TRANSACTIONS) break
    if (block.transactionCount === 0) continue
    const page = await ask<BlockPage | null>('ots_getBlockTransactions', Number(block.number), 0, TRANSACTIONS)
    if (page === null) continue
    const { transactions } = page.fullblock
    for (const [index, transaction] of [...transactions.entries()].reverse())
      shown.push({ transaction, receipt: page.receipts[index]!, timestamp: block.timestamp })
  }
  return shown.slice(0, TRANSACTIONS)
}

const Heads: FC<{ live: Live }> = ({ live: { status, gasPrice, forkId, safe, finalized } }) => (
  <>
    {status.halted && <p class="failure">This node has stopped: {status.haltReason}.</p>}
    {!status.synced && !status.halted && (
      <p class="hint">
        Reading L1: block {grouped(status.l1Processed)} of {grouped(status.l1Head)}.
      </p>
    )}
    <dl class="figures">
      <Figure name="Latest block" value={grouped(status.latestBlock)} />
      <Figure name="Safe block" value={safe === undefined ? 'none' : grouped(safe)} />
      <Figure name="Finalized block" value={finalized === undefined ? 'none' : grouped(finalized)} />
      <Figure name="Newest batch" value={grouped(status.trustedBatch)} />
      <Figure name="Batches on L1" value={grouped(status.virtualBatch)} />
      <Figure name="Batches verified" value={grouped(status.verifiedBatch)} />
      <Figure name="Gas price" value={gwei(gasPrice)} />
      <Figure name="Fork" value={String(Number(forkId))} />
      {status.role !== 'sequencer' && <Figure name="L1 block read" value={grouped(status.l1Processed)} />}
    </dl>
  </>
)

const Figure: FC<{ name: string; value: string }> = ({ name, value }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)

const Transactions: FC<{ shown: readonly Shown[] }> = ({ shown }) => (
  <Table heads={['Transaction', 'From', 'To', '#Value', '#Age']} empty="No transaction in the last blocks.">
    {shown.map(({ transaction, receipt, timestamp }) => (
      <tr>
        <TransactionCell receipt={receipt} />
        <TransferCells transaction={transaction} />
        <td class="amount">
          <Ago at={timestamp} />
        </td>
      </tr>
    ))}
  </Table>
)

/** The parts of the page that are kept current, by the ids they have. */
export const liveParts = (live: Live, elsewhere: Elsewhere) => ({
  heads: <Heads live={live} />,
  pipeline: <PipelineRows pipeline={live.pipeline} elsewhere={elsewhere} />,
  blocks: <BlocksTable blocks={live.blocks} empty="There is no block yet." />,
  transactions: <Transactions shown={live.transactions} />,
})

type HomeProps = {
  network: Pick<Config['network'], 'name' | 'chainId' | 'contracts' | 'rollupId'>
  rpcUrl: string
  version: string
  live: Live
  elsewhere: Elsewhere
  temporalUrl: string | undefined
  hasFaucet: boolean
}

export const Home: FC<HomeProps> = ({ network, rpcUrl, version, live, elsewhere, temporalUrl, hasFaucet }) => {
  const parts = liveParts(live, elsewhere)
  const wallet = {
    chainId: `0x${network.chainId.toString(16)}`,
    chainName: network.name,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  }
  return (
    <Layout title="Status" networkName={network.name}>
      <h1 class="unseen">Status of {network.name}</h1>
      <Card title="Network" aside={<LiveMark />} id="heads">
        {parts.heads}
      </Card>
      <div class="split">
        <Card title="Connect">
          <Facts
            rows={[
              [
                'JSON-RPC',
                <Copyable text={rpcUrl}>
                  <code data-rpc-url>{rpcUrl}</code>
                </Copyable>,
              ],
              ['Chain id', <Copyable text={String(network.chainId)} />],
              ['Currency', 'ETH'],
            ]}
          />
          <p class="actions">
            <button type="button" class="primary" data-add-network={JSON.stringify(wallet)} hidden>
              Add to wallet
            </button>
            <output data-wallet-note class="hint" />
          </p>
          {hasFaucet && <FaucetForm />}
        </Card>
        <Card title="Behind it">
          <Facts
            rows={[
              ['Node', `zkNode ${version}, ${live.status.role}`],
              temporalUrl === undefined ? undefined : ['Workflows', <a href={temporalUrl}>Temporal UI</a>],
              ['Rollup on L1', <Copyable text={network.contracts.rollup} />],
              ['Rollup manager', <Copyable text={network.contracts.rollupManager} />],
              ['Exit roots', <Copyable text={network.contracts.globalExitRoot} />],
            ]}
          />
        </Card>
      </div>
      <Card title="Batches" id="pipeline">
        {parts.pipeline}
      </Card>
      <div class="split">
        <Card title="Blocks" id="blocks">
          {parts.blocks}
        </Card>
        <Card title="Transactions" id="transactions">
          {parts.transactions}
        </Card>
      </div>
    </Layout>
  )
}

const LiveMark: FC = () => (
  <span class="live" role="status" data-live="/events" data-state="wait">
    as of now
  </span>
)

import type { FC } from 'hono/jsx'
import type { Database } from '#db/client.ts'
import type { Hash, Hex } from '#protocol/primitives.ts'
import type { Ask } from './ask.ts'
import { Layout } from './layout.tsx'
import { BlocksTable } from './lists.tsx'
import { AddressLink, Card, Copyable, Facts, PAGE, type PageProps, When } from './parts.tsx'
import { type Elsewhere, Failure, StateBadge } from './pipeline.tsx'
import type { Batch, BatchStatus, BlockDetails } from './shapes.ts'
import { grouped } from './text.ts'
import { withTrouble } from './trouble.ts'

/** Undefined when there is no such batch. */
export async function readBatchPage(ask: Ask, db: Database, number: Hex) {
  const [batch, status] = await Promise.all([
    ask<Batch | null>('zkevm_getBatchByNumber', number, false),
    ask<BatchStatus | null>('zkevm_getBatchStatus', number),
  ])
  if (batch === null || status === null) return undefined
  const blocks = await Promise.all(
    batch.blocks.slice(-PAGE).map((hash) => ask<BlockDetails | null>('ots_getBlockDetailsByHash', hash)),
  )
  return {
    batch,
    status: await withTrouble(db, status),
    blocks: blocks.filter((details) => details !== null).reverse(),
  }
}

type BatchProps = PageProps & { elsewhere: Elsewhere } & NonNullable<Awaited<ReturnType<typeof readBatchPage>>>

export const BatchView: FC<BatchProps> = ({ batch, status, blocks, elsewhere, networkName }) => {
  const workflowUrl = status.workflowId === null ? undefined : elsewhere.workflowUrl(status.workflowId)
  return (
    <Layout title={`Batch ${Number(batch.number)}`} networkName={networkName}>
      <h1>Batch {grouped(batch.number)}</h1>
      <Card title="Batch" aside={<StateBadge status={status} />}>
        {status.trouble !== undefined && <Failure trouble={status.trouble} error={status.lastError} />}
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
        <BlocksTable blocks={blocks} empty="None yet." />
      </Card>
    </Layout>
  )
}

export const L1Hash: FC<{ hash: Hash | null; id: string; elsewhere: Elsewhere }> = ({ hash, id, elsewhere }) => {
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

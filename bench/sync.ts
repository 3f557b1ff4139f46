import { parseArgs } from 'node:util'
import { getClosedBatch } from '#db/batches.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain } from '#test/l1Chain.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import { startThrowAwayPostgres } from '#test/setup/postgres.ts'
import { cpuSeconds } from './measure.ts'
import { machineCpuSeconds, ProcessMeter } from './network/processes.ts'
import type { BenchResult } from './run.ts'
import { type TransferKind, TransferSigner } from './transfers.ts'

const TRANSACTIONS_PER_BATCH = 10

/**
 * A node that knows nothing but L1 and the genesis follows a chain that is sequenced and verified there: reading,
 * executing, storing. Rates are per second of wall time, of node, Postgres and L1 together on the same cores.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const text = { type: 'string' } as const
  const options = { json: { type: 'boolean' }, batches: text, each: text } as const
  const { batches = '400', each = '20' } = parseArgs({ args: [...args], options }).values
  const rows = [
    await measure('eth', Number(batches), Number(each)),
    await measure('erc20', Number(batches), Number(each)),
  ]
  return { name: `sync: ${batches} batches of ${TRANSACTIONS_PER_BATCH} transfers, ${each} in a sequence`, rows }
}

async function measure(kind: TransferKind, batches: number, each: number) {
  const server = await startThrowAwayPostgres()
  const signer = new TransferSigner(CHAIN_ID)
  const l1 = await L1Chain.start(signer.senders)
  try {
    const sequencer = await l1.openNode(await createDatabase(server.value, 'sequencer'))
    await sequencer.poll()
    await l1.makeBatches(sequencer, [encodeRawTransaction(signer.deployment.transaction)], {
      firstBatch: 2,
      transactions: 1,
    })
    const raws = signer.sign(kind, batches * TRANSACTIONS_PER_BATCH)
    const lastBatch = await l1.makeBatches(sequencer, raws, { firstBatch: 3, transactions: TRANSACTIONS_PER_BATCH })
    await l1.sequence(sequencer, lastBatch, each)
    await l1.verify(sequencer, 1, lastBatch)

    const reader = await l1.openNode(await createDatabase(server.value, 'reader'))
    const meter = new ProcessMeter({ postgres: server.pid ?? 0, l1: l1.pid })
    const before = meter.read()
    const [startedAt, busyBefore] = [performance.now(), machineCpuSeconds()]
    const { seconds } = await cpuSeconds(() => reader.poll())
    const wallSeconds = (performance.now() - startedAt) / 1000
    const [after, busy] = [meter.read(), machineCpuSeconds() - busyBefore]
    const use = (name: 'postgres' | 'l1') => after[name]!.cpuSeconds - before[name]!.cpuSeconds
    const [ours, theirs] = await Promise.all(
      [reader, sequencer].map(({ db }) => getClosedBatch(db, BatchNumber(lastBatch))),
    )
    if (ours!.stateRoot !== theirs!.stateRoot) throw new Error('The nodes have different states.')
    meter.stop()
    await Promise.all([reader.close(), sequencer.close()])
    const round = (value: number) => Math.round(value * 100) / 100
    return {
      transfers: kind === 'eth' ? 'ETH' : 'ERC-20',
      'batches/s': round((lastBatch - 1) / wallSeconds),
      'wall s': round(wallSeconds),
      'node CPU s': round(seconds),
      'Postgres CPU s': round(use('postgres')),
      'L1 CPU s': round(use('l1')),
      'others CPU s': round(busy - seconds - use('postgres') - use('l1')),
    }
  } finally {
    await l1.stop()
    await server.stop()
  }
}

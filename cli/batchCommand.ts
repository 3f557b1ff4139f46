import { Command, InvalidArgumentError } from 'commander'
import { NodeError } from '#common/errors.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { closeOpenBatch } from './batch/close.ts'
import { describeBatch } from './batch/describe.ts'
import { type BatchDetails, readBatchDetails, readProofAttempts, readWorkflow } from './batch/details.ts'
import { type Node, type Place, readNode, withConfig, withDatabase } from './nodeConfig.ts'
import { note, type Printed, print, withJson } from './output.ts'
import { withTemporal } from './proofs/temporal.ts'

/** `zknode batch`: where a batch stands, and the end of the open one. */
export const batchCommand = () =>
  new Command('batch')
    .description('See all that is known of a batch, and close the open one.')
    .addCommand(showCommand())
    .addCommand(closeCommand())

const command = (name: string) => withJson(withConfig(new Command(name), 'which names Temporal and the databases'))

const showCommand = () =>
  command('show')
    .description('State, roots, counters, L1 transactions, proofs and workflow of a batch, with the age of each stage.')
    .argument('<number>', 'of the batch', readBatchNumber)
    .action(async (batchNumber: BatchNumber, options: Place & Printed) => {
      const details = await readDetails(readNode(options), batchNumber)
      print(details, () => describeBatch(details, new Date()), options)
    })

const closeCommand = () =>
  command('close')
    .description('Close the open batch now, with what it holds, and wait until it is.')
    .action(async (options: Place & Printed) => {
      const { database, temporal } = readNode(options)
      const closed = await withDatabase(database.url, (db) =>
        withTemporal(temporal, (client) => closeOpenBatch(client, db)),
      )
      const { batchNumber, blockCount, txCount } = closed
      print(
        closed,
        () => [`Batch ${batchNumber} is closed: ${blockCount} L2 blocks, ${txCount} transactions.`],
        options,
      )
    })

/** Proof store and Temporal may be away: what the State DB knows is shown without them. */
async function readDetails(node: Node, batchNumber: BatchNumber): Promise<BatchDetails> {
  const { database, proofStore, temporal, role } = node
  const known = await withDatabase(database.url, (db) => readBatchDetails(db, batchNumber))
  const [proofs, workflow] = await Promise.all([
    orNull(withDatabase(proofStore.url, (db) => readProofAttempts(db, batchNumber))),
    role === 'sequencer' && batchNumber > 0
      ? orNull(withTemporal(temporal, (client) => readWorkflow(client, batchNumber, temporal)))
      : null,
  ])
  return { ...known, proofs, workflow }
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    note(error.message)
    return null
  }
}

function readBatchNumber(text: string): BatchNumber {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return BatchNumber(Number(text))
}

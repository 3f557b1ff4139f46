import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { NodeError } from '#common/errors.ts'
import { createLogger } from '#common/logger.ts'
import { loadConfig } from '#config/load.ts'
import type { Config } from '#config/schema.ts'
import { createEtherman } from '#etherman/client.ts'
import type { Etherman } from '#etherman/types.ts'
import { checkAgainstL1, type L1Check } from '#snapshot/checkL1.ts'
import { createSnapshot, type Progress } from '#snapshot/createSnapshot.ts'
import type { Manifest } from '#snapshot/manifest.ts'
import { assertNetwork } from '#snapshot/networkIdentity.ts'
import { restoreSnapshot } from '#snapshot/restoreSnapshot.ts'
import { verifySnapshot } from '#snapshot/verifySnapshot.ts'
import { type Place, withConfig, withDatabaseErrors } from './nodeConfig.ts'
import { note, type Printed, print, withJson } from './output.ts'

type Jobs = { jobs: number }

/** The user ended it; what was restored stays, what was created is removed. */
export class InterruptedError extends NodeError {
  override readonly name = 'InterruptedError'
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** `zknode snapshot`: the State DB of one moment as files, and back. */
export const snapshotCommand = () =>
  new Command('snapshot')
    .description('Put the state of a node into files while it runs, and start another node from them.')
    .addCommand(createCommand())
    .addCommand(restoreCommand())
    .addCommand(verifyCommand())

const withJobs = (command: Command) =>
  command.option('--jobs <count>', 'database connections at once', readJobs, Math.min(4, availableParallelism()))

const createCommand = () =>
  withJson(withJobs(withConfig(new Command('create'), 'whose database is read; it may run')))
    .description('Write a snapshot. The node goes on meanwhile; everything in it is of one moment.')
    .requiredOption('--out <folder>', 'a new or empty one')
    .action(async ({ config, out, jobs, ...printed }: Place & Printed & Jobs & { out: string }) => {
      const { database, network } = loadConfig(config)
      const folder = resolve(out)
      const manifest = await whileWatched((watched) =>
        withDatabaseErrors(database.url, () =>
          createSnapshot({ databaseUrl: database.url, network, folder, jobs, ...watched }),
        ),
      )
      print(summaryOf(manifest), () => [...describe(manifest), `Written to ${folder}.`], printed)
    })

const restoreCommand = () =>
  withJson(withJobs(withConfig(new Command('restore'), 'whose database is empty')))
    .description(
      'Load a snapshot into an empty database and compare it with L1. Interrupted, it goes on when run again.',
    )
    .requiredOption('--from <folder>', 'the snapshot')
    .action(async ({ config, from, jobs, ...printed }: Place & Printed & Jobs & { from: string }) => {
      const { database, proofStore, network, l1 } = loadConfig(config)
      const { manifest, resumed, ...restored } = await withL1({ network, l1 }, (etherman) =>
        whileWatched((watched) =>
          withDatabaseErrors(database.url, () =>
            restoreSnapshot({
              ...{ databaseUrl: database.url, proofStoreUrl: proofStore.url, network, etherman, jobs },
              ...{ folder: resolve(from), ...watched },
            }),
          ),
        ),
      )
      const answer = { ...summaryOf(manifest), resumed, l1: restored.l1 }
      const lines = () => [...describe(manifest), describeL1(restored.l1), 'Restored: start the node.']
      print(answer, lines, printed)
    })

const verifyCommand = () =>
  withJson(withJobs(new Command('verify')))
    .description('Compare the files of a snapshot with its manifest; with --config also its end with L1.')
    .requiredOption('--from <folder>', 'the snapshot')
    .option('--config <file>', 'configuration of a node of the same network, which names L1')
    .action(async ({ config, from, jobs, ...printed }: Partial<Place> & Printed & Jobs & { from: string }) => {
      const node = config === undefined ? undefined : loadConfig(config)
      const manifest = await whileWatched((watched) => verifySnapshot({ folder: resolve(from), jobs, ...watched }))
      const l1 = node === undefined ? undefined : await compareWithL1(node, manifest)
      const lines = () => [...describe(manifest), ...(l1 ? [describeL1(l1)] : []), 'Every file is as it was written.']
      print({ ...summaryOf(manifest), l1: l1 ?? null }, lines, printed)
    })

async function compareWithL1(node: Config, { facts }: Manifest): Promise<L1Check> {
  assertNetwork(facts.network, node.network)
  return await withL1(node, (etherman) => checkAgainstL1(etherman, facts))
}

async function withL1<T>({ network, l1 }: Pick<Config, 'network' | 'l1'>, work: (etherman: Etherman) => Promise<T>) {
  const etherman = createEtherman({ ...network, ...l1, logger: createLogger('snapshot', 'silent') })
  try {
    return await work(etherman)
  } finally {
    etherman.close()
  }
}

const TELL_EVERY_MS = 5000

/** Tells how far it is; Ctrl-C ends it in order. */
async function whileWatched<T>(
  work: (watched: { onProgress: (progress: Progress) => void; signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const interrupt = () => stop.abort(new InterruptedError('Interrupted.'))
  for (const name of SIGNALS) process.once(name, interrupt)
  let next = Date.now() + TELL_EVERY_MS
  const onProgress = ({ stage, done, total, unit }: Progress) => {
    if (Date.now() < next) return
    next = Date.now() + TELL_EVERY_MS
    const amount = (value: number) => (unit === 'bytes' ? megabytes(value) : String(value))
    note(`${stage}: ${amount(done)} of ${amount(total)}, ${Math.floor((100 * done) / Math.max(1, total))} %`)
  }
  try {
    return await work({ onProgress, signal: stop.signal })
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt)
  }
}

function summaryOf({ tables, ...manifest }: Manifest) {
  const files = tables.flatMap((table) => table.files)
  const sum = (key: 'bytes' | 'rawBytes') => files.reduce((total, file) => total + file[key], 0)
  const { createdAt, version, facts } = manifest
  const sizes = { files: files.length, bytes: sum('bytes'), rawBytes: sum('rawBytes') }
  return {
    createdAt,
    version,
    ...facts,
    ...sizes,
    rows: Object.fromEntries(tables.map(({ name, rows }) => [name, rows])),
  }
}

function describe(manifest: Manifest): string[] {
  const { facts, bytes, rawBytes, files } = { ...summaryOf(manifest), facts: manifest.facts }
  const { lastBlock, lastBatch, virtual, verified, l1Blocks, network, oldestBlock } = facts
  return [
    `Chain ${network.chainId}, rollup ${network.rollupId} on L1 ${network.l1ChainId}, as of ${manifest.createdAt}.`,
    `L2 block ${lastBlock.blockNumber}, state root ${lastBlock.stateRoot}.`,
    `Batches: newest ${lastBatch}, sequenced ${virtual?.batchNumber ?? 0}, verified ${verified?.batchNumber ?? 0}.`,
    ...(oldestBlock > 0 ? [`Pruned: history begins with L2 block ${oldestBlock}.`] : []),
    `L1 read up to block ${l1Blocks[0]?.blockNumber ?? 0}.`,
    `${files} files, ${megabytes(bytes)}, unpacked ${megabytes(rawBytes)}.`,
  ]
}

const describeL1 = ({ l1Block, sequences, verifications, reorgedFrom }: L1Check): string =>
  `L1 agrees up to its block ${l1Block}: ${sequences} sequences, ${verifications} verifications compared.` +
  (reorgedFrom === undefined ? '' : ` It has other blocks from ${reorgedFrom} on: the node will go back by itself.`)

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

function readJobs(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 64) return value
  throw new InvalidArgumentError('must be a whole number from 1 to 64')
}

import type { Client } from '@temporalio/client'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import type { AttemptRow } from '#db/attempts.ts'
import type { Database } from '#db/client.ts'
import { listLastAttempts } from '#db/proofJobs.ts'
import { requestRelease } from '#db/proverRelease.ts'
import { listProvers } from '#db/provers.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { PROVER_QUEUE, type ProofOrder } from '#workflows/messages.ts'
import { type Place, readNode, withConfig, withDatabase } from './nodeConfig.ts'
import { type Printed, print, withJson } from './output.ts'
import { EXIT } from './program.ts'
import { cancelProof, moveProof, type Retried, retryAllFailed, retryProof } from './proofs/operations.ts'
import { describeProofs, formatProofs, type ProofEntry } from './proofs/proofList.ts'
import { formatProvers } from './proofs/proverTable.ts'
import { type ProofTarget, readTarget } from './proofs/target.ts'
import { withTemporal } from './proofs/temporal.ts'
import { listUnfinished, type Unfinished } from './proofs/unfinished.ts'

const MAX_ENTRIES = 1000

type ListOptions = { failed?: boolean; batch?: BatchNumber; limit: number }
type RetryOptions = { failed?: boolean; prover?: ProofOrder['proverKind']; note?: string }
type MoveOptions = { prover?: ProofOrder['proverKind']; priority?: number }

/** `zknode proofs`: what becomes of each proof, who makes them, and what an operator does about it. */
export const proofsCommand = () =>
  new Command('proofs')
    .description('See and mend proofs, and the provers that make them.')
    .addCommand(listCommand())
    .addCommand(retryCommand())
    .addCommand(cancelCommand())
    .addCommand(moveCommand())
    .addCommand(proversCommand())
    .addCommand(releaseCommand())

const command = (name: string) => withJson(withConfig(new Command(name), 'which names Temporal and the proof store'))
const BATCHES = 'a batch, the first and the last of a joined proof such as 3-7, or final'
const batches = () => new Argument('<batches>', BATCHES).argParser(readTarget)
const proverOption = () => new Option('--prover <kind>', 'who shall make it').choices(Object.keys(PROVER_QUEUE))

const listCommand = () =>
  command('list')
    .description('Jobs with their last attempt, newest first; before them what is parked and how to mend it.')
    .option('--failed', 'only what is parked or was not made in the end')
    .option('--batch <number>', 'only proofs that cover it', readBatch)
    .option('--limit <count>', 'so many jobs at most', readLimit, 50)
    .action(async (options: ListOptions & Printed & Place) => {
      const now = new Date()
      const entries = await withBoth(options, (client, db) => listProofs(client, db, options, now))
      print(entries, () => formatProofs(entries, now), options)
    })

const retryCommand = () =>
  command('retry')
    .description('Make a parked proof again, or all of them; also the verification that failed.')
    .argument('[batches]', BATCHES, readTarget)
    .option('--failed', 'every proof that is parked, and the verification')
    .addOption(proverOption())
    .option('--note <text>', 'is shown with the batch')
    .action(async (range: ProofTarget | undefined, options: RetryOptions & Place & Printed, self: Command) => {
      if ((range === undefined) !== (options.failed === true)) self.error('error: give batches, or --failed')
      const { prover: proverKind, note } = options
      const request = { ...(proverKind && { proverKind }), ...(note !== undefined && { note }) }
      await withTemporal(readNode(options).temporal, async (client) => {
        if (range !== undefined) {
          printAnswer(await retryProof(client, range, request), options)
          return
        }
        const retried = await retryAllFailed(client, request)
        print(retried, () => describeRetried(retried), options)
        if (retried.some(({ isRetried }) => !isRetried)) process.exitCode = EXIT.failed
      })
    })

const cancelCommand = () =>
  command('cancel')
    .description('Stop making a proof; it is parked until it is retried.')
    .addArgument(batches())
    .option('--note <text>', 'is shown with the batch')
    .action(async (range: ProofTarget, options: { note?: string } & Place & Printed) => {
      const { note } = options
      await withTemporal(readNode(options).temporal, async (client) => {
        printAnswer(await cancelProof(client, range, note === undefined ? {} : { note }), options)
      })
    })

const moveCommand = () =>
  command('move')
    .description('Give a proof to provers of another kind, or another priority; what has begun begins again.')
    .addArgument(batches())
    .addOption(proverOption())
    .option('--priority <number>', '1 to 5; 1 goes first', readPriority)
    .action(async (range: ProofTarget, options: MoveOptions & Place & Printed, self: Command) => {
      const { prover: proverKind, priority } = options
      if (proverKind === undefined && priority === undefined) self.error('error: give --prover or --priority')
      const order = { ...(proverKind && { proverKind }), ...(priority !== undefined && { priority }) }
      await withTemporal(readNode(options).temporal, async (client) => {
        printAnswer(await moveProof(client, range, order), options)
      })
    })

const proversCommand = () =>
  command('provers')
    .description('Provers that are or were connected.')
    .action(async (options: Printed & Place) => {
      const provers = await withDatabase(readNode(options).proofStore.url, (db) => listProvers(db))
      print(provers, () => formatProvers(provers, new Date()), options)
    })

const releaseCommand = () =>
  command('release')
    .description('Trust a prover again that was put aside.')
    .argument('<proverId>')
    .action(async (proverId: string, options: Place & Printed) => {
      await withDatabase(readNode(options).proofStore.url, (db) => requestRelease(db, proverId))
      printAnswer(`${proverId} gets work again.`, options)
    })

/** What the proof store and the workflows know of proofs. */
export async function listProofs(
  client: Client,
  db: Database,
  { failed: isFailed = false, batch, limit }: ListOptions,
  now: Date,
): Promise<ProofEntry[]> {
  const jobs = await listLastAttempts(db, { isFailed, limit, ...(batch !== undefined && { batchNumber: batch }) })
  const unfinished = (await listUnfinished(client, batch === undefined ? limit : MAX_ENTRIES))
    .filter(({ parked }) => parked || !isFailed)
    .filter(({ fromBatch, toBatch }) => batch === undefined || (fromBatch <= batch && batch <= toBatch))
  const byId = new Map(jobs.map((job) => [job.id, job]))
  for (const workflow of unfinished) for (const job of await findJobs(db, workflow)) byId.set(job.id, job)
  return describeProofs({ jobs: [...byId.values()], unfinished, now })
}

/** The newest job for it, which may be older than those on the list. */
async function findJobs(db: Database, { kind, fromBatch, toBatch }: Unfinished): Promise<AttemptRow[]> {
  if (kind === 'verification') return []
  const range = { fromBatch: BatchNumber(fromBatch), toBatch: BatchNumber(toBatch) }
  return await listLastAttempts(db, { kind, range, limit: 1 })
}

async function withBoth<T>(place: Place, work: (client: Client, db: Database) => Promise<T>): Promise<T> {
  const { temporal, proofStore } = readNode(place)
  return await withDatabase(proofStore.url, (db) => withTemporal(temporal, (client) => work(client, db)))
}

const printAnswer = (answer: string, options: Printed) => print({ answer }, () => [answer], options)

const describeRetried = (retried: readonly Retried[]): string[] =>
  retried.length === 0 ? ['Nothing is parked.'] : retried.map(({ workflowId, answer }) => `${workflowId}: ${answer}`)

const readBatch = (text: string): BatchNumber => BatchNumber(readNumber(text, 2 ** 48))
const readLimit = (text: string) => readNumber(text, MAX_ENTRIES)
const readPriority = (text: string) => readNumber(text, 5)

function readNumber(text: string, most: number): number {
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > most) throw new InvalidArgumentError(`must be a whole number from 1 to ${most}`)
  return value
}

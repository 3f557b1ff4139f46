import { setImmediate } from 'node:timers/promises'
import type { Address, Hash } from '#protocol/primitives.ts'
import { findSender, type Transaction } from '#protocol/transaction.ts'
import {
  admit,
  checkTransaction,
  decodeSubmission,
  type PooledTransaction,
  type PoolRules,
  type PoolView,
  type Submission,
} from './admission.ts'
import { type RejectionReason, TransactionRejectedError } from './rejection.ts'

/** Both ends included. */
export type NonceRange = { low: number; high: number }

/** What the pool keeps its transactions in; db/pool.ts has this shape. */
export interface PoolStore {
  /** View for these senders, with what waits for their nonces of these ranges, and hashes; of one moment. */
  readView(nonces: ReadonlyMap<Address, NonceRange>, hashes: readonly Hash[]): Promise<PoolView>
  /**
   * Stores them durably, replacing what waits for the same sender and nonce if the price is high enough above it.
   * Returns the hashes that were stored: the others lost a race against another process.
   */
  insert(transactions: readonly PooledTransaction[]): Promise<ReadonlySet<Hash>>
}

/** Sender of each transaction, undefined where the signature is invalid. A seam: worker threads can take it over. */
export type RecoverSenders = (transactions: readonly Transaction[]) => Promise<(Address | undefined)[]>

/** What became of one transaction: its hash, once it is durable, or why it was refused. */
export type SubmissionResult = { hash: Hash } | { error: TransactionRejectedError }

export interface PoolIntake {
  /** Judges and stores them; results in the order given. Rejects only when the store fails: then nothing was accepted. */
  submit(raws: readonly Uint8Array[]): Promise<SubmissionResult[]>
}

type Candidate = Submission & { sender: Address }
type Waiting = { candidate: Candidate; resolve: (result: SubmissionResult) => void; reject: (error: unknown) => void }

/** Most transactions of one group: bounds statement size and how long the first of them waits. */
const GROUP_MAX = 500
/** How often a transaction is judged again after it lost a race. */
const RACE_ATTEMPTS = 5
/** Longest run of recoveries without a turn of the event loop. */
const RECOVERY_SLICE_MS = 10

/**
 * In this thread: cheaper than handing them to another (docs/adr/0005). The event loop gets its turn every
 * RECOVERY_SLICE_MS, about a hundred recoveries with libsecp256k1 and ten without.
 */
export const recoverSendersInProcess: RecoverSenders = async (transactions) => {
  const senders: (Address | undefined)[] = []
  let sliceStart = performance.now()
  for (const transaction of transactions) {
    if (performance.now() - sliceStart > RECOVERY_SLICE_MS) {
      await setImmediate()
      sliceStart = performance.now()
    }
    senders.push(findSender(transaction))
  }
  return senders
}

/**
 * Takes transactions in. Those that come while a group is being stored make the next group, so the database sees one
 * read and one write a group however many clients send.
 */
export function createPoolIntake({
  store,
  rules,
  recoverSenders = recoverSendersInProcess,
  onRejected = () => {},
}: {
  store: PoolStore
  rules: PoolRules
  recoverSenders?: RecoverSenders
  onRejected?: (reason: RejectionReason) => void
}): PoolIntake {
  let waiting: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    await setImmediate() // requests read in this turn of the event loop, and the members of a batch, join the group
    while (waiting.length > 0) {
      const group = waiting.slice(0, GROUP_MAX)
      waiting = waiting.slice(GROUP_MAX)
      try {
        const results = await storeGroup(
          store,
          rules,
          group.map(({ candidate }) => candidate),
        )
        for (const [index, { resolve }] of group.entries()) resolve(results[index]!)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    running = false
  }

  function enqueue(candidate: Candidate): Promise<SubmissionResult> {
    return new Promise((resolve, reject) => {
      waiting.push({ candidate, resolve, reject })
      if (!running) void run()
    })
  }

  return {
    async submit(raws) {
      const prepared = raws.map((raw) => prepare(raw, rules))
      const sound = prepared.filter((each): each is Submission => !('error' in each))
      const senders = await recoverSenders(sound.map(({ transaction }) => transaction))
      const senderOf = new Map(sound.map((each, index) => [each, senders[index]]))
      const results = await Promise.all(
        prepared.map((each) => {
          if ('error' in each) return each
          const sender = senderOf.get(each)
          if (sender === undefined) return { error: new TransactionRejectedError('invalidSender') }
          return enqueue({ ...each, sender })
        }),
      )
      for (const result of results) if ('error' in result) onRejected(result.error.reason)
      return results
    },
  }
}

function prepare(raw: Uint8Array, rules: PoolRules): Submission | { error: TransactionRejectedError } {
  return attempt(() => {
    const submission = decodeSubmission(raw)
    checkTransaction(submission, rules)
    return submission
  })
}

function nonceRanges(candidates: readonly Candidate[]): Map<Address, NonceRange> {
  const ranges = new Map<Address, NonceRange>()
  for (const { sender, transaction } of candidates) {
    const nonce = Math.min(Number(transaction.nonce), Number.MAX_SAFE_INTEGER) // above it no nonce is ever admitted
    const range = ranges.get(sender)
    if (range === undefined) ranges.set(sender, { low: nonce, high: nonce })
    else if (nonce < range.low) range.low = nonce
    else if (nonce > range.high) range.high = nonce
  }
  return ranges
}

/** Judges a group on one view and stores what passes; those that lose a race are judged again on a new view. */
async function storeGroup(
  store: PoolStore,
  rules: PoolRules,
  group: readonly Candidate[],
): Promise<SubmissionResult[]> {
  const results: (SubmissionResult | undefined)[] = group.map(() => undefined)
  for (let left = group.map((_, index) => index), attempts = 0; left.length > 0; attempts += 1) {
    const view = await store.readView(
      nonceRanges(left.map((index) => group[index]!)),
      left.map((index) => group[index]!.hash),
    )
    const accepted = new Map<string, { index: number; transaction: PooledTransaction }>()
    for (const index of left) {
      const candidate = group[index]!
      const verdict = attempt(() => admit(candidate, candidate.sender, view, rules))
      results[index] = 'error' in verdict ? verdict : { hash: candidate.hash }
      if (!('error' in verdict)) accepted.set(`${verdict.sender}${verdict.nonce}`, { index, transaction: verdict })
    }
    const stored = await store.insert([...accepted.values()].map(({ transaction }) => transaction))
    left = [...accepted.values()].filter(({ transaction }) => !stored.has(transaction.hash)).map(({ index }) => index)
    if (attempts + 1 < RACE_ATTEMPTS) continue
    for (const index of left) results[index] = { error: new TransactionRejectedError('replacementUnderpriced') }
    break
  }
  return results as SubmissionResult[]
}

function attempt<T>(judge: () => T): T | { error: TransactionRejectedError } {
  try {
    return judge()
  } catch (error) {
    if (error instanceof TransactionRejectedError) return { error }
    throw error
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { L1RpcError } from './errors.ts'
import { bumpFees, type FeeLimits, type Fees, suggestFees } from './fees.ts'
import type { L1Signer } from './l1Signer.ts'
import {
  EMPTY_TRANSACTION_GAS,
  type L1TransactionAttempt,
  type L1TransactionFence,
  type L1TransactionRecord,
  type L1TransactionStore,
  type NewL1Transaction,
  type UnfinishedL1Transaction,
} from './l1TransactionStore.ts'
import {
  describeRevert,
  L1BalanceTooLowError,
  L1FeeLimitError,
  L1NonceTakenError,
  L1RefusedError,
  L1TransactionCancelledError,
  L1TransactionRevertedError,
  L1TransactionWithdrawnError,
} from './reverts.ts'
import type { L1Rpc } from './rpc.ts'

/** Points at which a process may die; a test lets it. */
export type SendStep = 'simulated' | 'reserved' | 'signed' | 'stored' | 'broadcast' | 'mined'

export type SenderOptions = {
  rpc: L1Rpc
  store: L1TransactionStore
  l1ChainId: number
  signer: L1Signer
  /** After the first three seconds, in which it looks every 100 ms. */
  pollIntervalMs?: number
  /** A transaction that L1 forgot is broadcast again within this time. */
  rebroadcastMs?: number
  /** Fees are raised when a transaction is not mined after this time and two L1 blocks. */
  bumpAfterMs?: number
  /** How long L1 must say that the nonce is used, without having our transaction, before we believe it. */
  nonceTakenMs?: number
  /** The most that is ever offered. */
  feeLimits?: FeeLimits
  /** Told the sender's balance before each new transaction, wei. */
  onBalance?: (balanceWei: bigint) => Promise<void>
  /** How long a transaction that L1 forgot and would revert now, after a reorg, is held back. */
  holdMs?: number
  /** Told when a transaction was signed again with higher fees. */
  onFeeBump?: (() => void) | undefined
  onStep?: (step: SendStep) => void
}

export type SendRequest = Pick<NewL1Transaction, 'job' | 'purpose' | 'fromBatch' | 'toBatch'> & {
  /** Called when there is no record to go on with. */
  build: () => Promise<{ recipient: Address; data: Uint8Array; fence?: L1TransactionFence }>
  /** Do it again although it was done before. */
  repeat?: boolean
  /** When one that an earlier call left reverts on L1, it is not sent again by this call, whatever the simulation says. */
  once?: boolean
}

/** What is known of a transaction on its way. Fees in wei per gas. `feeLimited`: it stays at fees that are too low. */
export type Underway = {
  id: string
  nonce: number
  hash?: Hash
  maxFeePerGas?: bigint
  maxPriorityFeePerGas?: bigint
  attempts: number
  feeLimited: boolean
}

/** `onProgress` is called at least at each change. */
export type SendControl = {
  signal: AbortSignal
  onProgress: (progress: { stage: string; underway?: Underway }) => void
}

/** What became of a transaction that was to be cancelled. */
export type Cancellation =
  | { outcome: 'cancelled'; l1TxHash?: Hash; l1BlockNumber?: number }
  /** L1 took it before. */
  | { outcome: 'mined'; l1TxHash: Hash; l1BlockNumber: number }
  | { outcome: 'nothing to cancel' }

type Receipt = { status: Hex; blockNumber: Hex; gasUsed: Hex; transactionHash: string }
/** What this process knows of a broadcast. */
type Watch = { broadcastAt: number; head: number; checkedAt: number; nonceTakenSince?: number; feeLimited?: boolean }

const FIRST_POLL_MS = 100
const FIRST_POLLS_END_MS = 3000
/** A new leaf in the L1 info tree, which any deposit makes a sequence write. */
const GAS_RESERVE = 80_000

/**
 * Sends transactions of one account, each described by a durable record that is written before anything is broadcast: after
 * a crash at any point, calling `send` again goes on with the record instead of making another transaction.
 */
export function createTransactionSender(options: SenderOptions) {
  const { rpc, store, l1ChainId, signer, onStep = () => {}, onFeeBump } = options
  const sender = signer.address
  const { pollIntervalMs = 1000, rebroadcastMs = 5000, bumpAfterMs = 60_000, nonceTakenMs = 60_000 } = options
  const { feeLimits = {}, onBalance = async () => {} } = options
  const { holdMs = 60_000 } = options
  /** Records that are held back, and since when. */
  const held = new Map<string, number>()
  /** To make a transaction void is worth any fee. */
  const limitsOf = ({ recipient }: L1TransactionRecord) => (recipient === sender ? {} : feeLimits)
  const suggest = (record?: L1TransactionRecord) =>
    suggestFees(rpc, record === undefined ? feeLimits : limitsOf(record))

  /**
   * Returns where L1 has the transaction. Safe to repeat and to run twice at once.
   * @throws {L1TransactionRevertedError} {L1RefusedError} {L1NonceTakenError} {L1UnavailableError}
   * {L1FeeLimitError} {L1BalanceTooLowError} {L1TransactionCancelledError} {L1TransactionWithdrawnError}
   * {L1SignerUnavailableError} {L1SignerRefusedError} {L1SignerMismatchError}
   */
  async function send(request: SendRequest, control: SendControl): Promise<{ l1TxHash: Hash; l1BlockNumber: number }> {
    let last = await store.findLast(request.job)
    if (last?.status === 'created' || last?.status === 'sent') {
      last = await waitSettled(last, control)
      if (last.status === 'mined') return placeOf(last)
      if (last.withdrawn) throw withdrawn(request.job, last)
      if (last.status === 'cancelled') throw cancelled(request.job, last)
      if (last.status === 'reverted' && request.once) throw reverted(request.job, last)
    }
    if (last?.status === 'mined' && !request.repeat) return placeOf(last)
    // What an earlier call left may have failed by what no longer holds: the simulation tells.
    const settled = await waitSettled(await reserve(request, last?.id), control)
    if (settled.status === 'mined') return placeOf(settled)
    const { job } = request
    if (settled.withdrawn) throw withdrawn(job, settled)
    if (settled.status === 'cancelled') throw cancelled(job, settled)
    if (settled.status === 'abandoned')
      throw new L1NonceTakenError('Another transaction took the nonce.', { facts: { job, nonce: settled.nonce } })
    throw reverted(job, settled)
  }

  /** What `send` does before anything is stored. @throws {L1TransactionRevertedError} {L1RefusedError} {L1UnavailableError} */
  async function rehearse({ job, build }: Pick<SendRequest, 'job' | 'build'>): Promise<void> {
    const { recipient, data } = await build()
    await simulate(job, recipient, data)
  }

  /**
   * Sees to it that the newest transaction of a job does nothing any more: one that was signed is replaced by an empty one
   * with its nonce and higher fees. Whichever L1 takes counts. Safe to repeat.
   */
  async function cancel(job: string, control: SendControl): Promise<Cancellation> {
    const last = await store.findLast(job)
    if (last?.status === 'mined') return { outcome: 'mined', ...placeOf(last) }
    if (last?.status !== 'created' && last?.status !== 'sent') return { outcome: 'nothing to cancel' }
    if (await store.withdraw(last.id)) return { outcome: 'cancelled' }
    await store.makeEmpty(last.id, EMPTY_TRANSACTION_GAS)
    const settled = await waitSettled(await store.get(last.id), control)
    if (settled.status === 'mined') return { outcome: 'mined', ...placeOf(settled) }
    if (settled.status === 'cancelled') return { outcome: 'cancelled', ...placeOf(settled) }
    return { outcome: 'cancelled' }
  }

  /** Sees to it that nothing which is no longer wanted is on its way any more. Safe to repeat. */
  async function settleWithdrawn(control: SendControl): Promise<void> {
    const unfinished = await store.findUnfinished(sender, Number.MAX_SAFE_INTEGER)
    for (const { record } of unfinished)
      if (record.withdrawn && !(await store.withdraw(record.id))) await waitSettled(record, control)
  }

  async function reserve(request: SendRequest, after: string | undefined): Promise<L1TransactionRecord> {
    const { job, purpose, fromBatch, toBatch, build } = request
    const { recipient, data, fence } = await build()
    const gasLimit = await simulate(job, recipient, data)
    onStep('simulated')
    await assertFunds(job, gasLimit)
    const chainNonce = Number(await rpc.call<Hex>('eth_getTransactionCount', [sender, 'pending']))
    const range = { ...(fromBatch !== undefined && { fromBatch }), ...(toBatch !== undefined && { toBatch }) }
    const content = { recipient, data, gasLimit, ...(fence !== undefined && { fence }) }
    const transaction = { job, purpose, ...range, sender, ...content }
    const record = await store.reserve(transaction, { after, chainNonce })
    onStep('reserved')
    return record
  }

  /** @throws {L1BalanceTooLowError} with the amount that is missing, {L1FeeLimitError} */
  async function assertFunds(job: string, gasLimit: number): Promise<void> {
    const [{ maxFeePerGas }, balance] = await Promise.all([
      suggest(),
      rpc.call<Hex>('eth_getBalance', [sender, 'latest']).then(BigInt),
    ])
    await onBalance(balance)
    const needed = BigInt(gasLimit) * maxFeePerGas
    if (balance >= needed) return
    const missing = { balanceWei: String(balance), neededWei: String(needed), missingWei: String(needed - balance) }
    throw new L1BalanceTooLowError('The account that sends to L1 cannot pay for its transaction: fund it.', {
      facts: { job, sender, ...missing },
      docs: 'docs/runbooks/l1-transaction.md',
    })
  }

  /** Gas limit with a reserve: what others do before it can cost gas. @throws {L1TransactionRevertedError} {L1RefusedError} */
  async function simulate(job: string, recipient: Address, data: Uint8Array): Promise<number> {
    const call = { from: sender, to: recipient, data: bytesToHex(data) }
    try {
      return Math.ceil(Number(await rpc.call<Hex>('eth_estimateGas', [call])) * 1.25) + GAS_RESERVE
    } catch (cause) {
      if (!(cause instanceof L1RpcError)) throw cause
      const revert = revertOf(cause) ?? (await findRevert(call, 'latest'))
      if (revert === undefined)
        throw new L1RefusedError('L1 will not take the transaction.', { cause, facts: { job, sender } })
      throw new L1TransactionRevertedError('L1 would revert the transaction.', { job, revert, cause })
    }
  }

  /** Undefined when the call succeeds, or fails without a contract's word. */
  async function findRevert(call: object, blockTag: string): Promise<string | undefined> {
    try {
      await rpc.call('eth_call', [call, blockTag])
      return undefined
    } catch (error) {
      if (error instanceof L1RpcError) return revertOf(error)
      throw error
    }
  }

  /** Until L1 has it, or another one of its nonce. Earlier transactions of the key are driven too: it waits on them. */
  async function waitSettled(record: L1TransactionRecord, control: SendControl): Promise<L1TransactionRecord> {
    if (record.sender !== sender)
      throw new L1RefusedError('An unfinished transaction is of another account: only its key can go on with it.', {
        facts: { id: record.id, account: record.sender, ours: sender },
        docs: 'docs/keys.md',
      })
    const watches = new Map<Hash, Watch>()
    const startedAt = Date.now()
    for (;;) {
      control.signal.throwIfAborted()
      for (const unfinished of await store.findUnfinished(sender, record.nonce)) await advance(unfinished, watches)
      const current = await store.get(record.id)
      if (current.status !== 'created' && current.status !== 'sent') return current
      await report(current, watches, control)
      const early = Date.now() - startedAt < FIRST_POLLS_END_MS
      await pause(early ? FIRST_POLL_MS : pollIntervalMs, control.signal)
    }
  }

  async function report({ id, nonce }: L1TransactionRecord, watches: Map<Hash, Watch>, { onProgress }: SendControl) {
    const attempts = await store.findAttempts(id)
    const newest = attempts.at(-1)
    if (newest === undefined) return onProgress({ stage: `waiting to send nonce ${nonce}` })
    const { hash, maxFeePerGas, maxPriorityFeePerGas } = newest
    const feeLimited = watches.get(hash)?.feeLimited ?? false
    const underway = { id, nonce, hash, maxFeePerGas, maxPriorityFeePerGas, attempts: attempts.length, feeLimited }
    onProgress({ stage: `waiting for L1 transaction ${hash}`, underway })
  }

  async function advance({ record, attempts }: UnfinishedL1Transaction, watches: Map<Hash, Watch>): Promise<void> {
    const newest = attempts.at(-1)
    if (newest === undefined) return await attempt(record, attempts, watches, await suggest(record))
    for (const each of attempts.toReversed()) if (await settleIfMined(record, each)) return
    const watch = watches.get(newest.hash)
    const isEmpty = record.recipient === sender
    if (isEmpty && !newest.cancels) return await attempt(record, attempts, watches, await suggest(record))
    // Unknown to this process: it may have died before the broadcast, or L1 may have forgotten it.
    if (watch === undefined) return await broadcastUnlessHeld(record, attempts, watches)
    if (Date.now() - watch.checkedAt < rebroadcastMs) return
    watch.checkedAt = Date.now()
    if (await isNonceTaken(record, attempts, watch)) return await store.abandon(record.id)
    if (!(await isKnown(newest.hash))) return await broadcastUnlessHeld(record, attempts, watches)
    if (Date.now() - watch.broadcastAt < bumpAfterMs || (await readHead()) < watch.head + 2) return
    const suggested = await suggest(record).catch(unlessLimited)
    if (suggested === undefined) limit(newest, watches)
    else await attempt(record, attempts, watches, suggested)
  }

  /**
   * What a reorg took with it may be back soon: a verification is worth nothing before its sequence. It is not waited
   * for without end, since later transactions of the key need its nonce.
   */
  async function broadcastUnlessHeld(
    record: L1TransactionRecord,
    attempts: readonly L1TransactionAttempt[],
    watches: Map<Hash, Watch>,
  ): Promise<void> {
    const call = { from: sender, to: record.recipient, data: bytesToHex(await store.getData(record.id)) }
    if ((await findRevert(call, 'latest')) !== undefined) {
      if (!held.has(record.id)) held.set(record.id, Date.now())
      if (Date.now() - held.get(record.id)! < holdMs) return
    }
    await broadcastAgain(record, attempts, watches)
  }

  /** A transaction that has become too cheap to be taken is signed anew. */
  async function broadcastAgain(
    record: L1TransactionRecord,
    attempts: readonly L1TransactionAttempt[],
    watches: Map<Hash, Watch>,
  ): Promise<void> {
    const newest = attempts.at(-1)!
    const { hash } = newest
    try {
      await broadcast(record, { hash, raw: await store.getRaw(hash) }, attempts, watches)
    } catch (error) {
      if (!(error instanceof L1RefusedError)) throw error
      const suggested = await suggest(record).catch(unlessLimited)
      if (suggested === undefined) return limit(newest, watches)
      if (suggested.maxFeePerGas <= newest.maxFeePerGas) throw error
      await attempt(record, attempts, watches, suggested)
    }
  }

  /** Signs, stores, then broadcasts: at no time is something out there that is not stored. */
  async function attempt(
    record: L1TransactionRecord,
    earlier: readonly L1TransactionAttempt[],
    watches: Map<Hash, Watch>,
    suggested: Fees,
  ): Promise<void> {
    const last = earlier.at(-1)
    const fees = last === undefined ? suggested : bumpFees(last, suggested, limitsOf(record))
    if (fees === undefined) return limit(last!, watches)
    const { recipient: to, nonce, gasLimit } = record
    const data = await store.getData(record.id)
    const { hash, raw } = await signer.signTransaction({ chainId: l1ChainId, to, nonce, gasLimit, data, ...fees })
    onStep('signed')
    const { maxFeePerGas, maxPriorityFeePerGas } = fees
    const signed = { hash, maxFeePerGas, maxPriorityFeePerGas, cancels: to === sender }
    // Signing may have taken long: somebody else was faster, or gave it up.
    if (!(await store.addAttempt(record.id, signed, raw))) return
    onStep('stored')
    if (last !== undefined) onFeeBump?.()
    await broadcast(record, { hash, raw }, [...earlier, signed], watches)
  }

  /** It waits until L1 is cheaper, and is shown as one that does. */
  function limit({ hash }: L1TransactionAttempt, watches: Map<Hash, Watch>): void {
    const watch = watches.get(hash)
    if (watch !== undefined) watch.feeLimited = true
  }

  async function broadcast(
    record: L1TransactionRecord,
    { hash, raw }: { hash: Hash; raw: Hex },
    attempts: readonly L1TransactionAttempt[],
    watches: Map<Hash, Watch>,
  ): Promise<void> {
    const before = watches.get(hash)
    const now = Date.now()
    const head = before?.head ?? (await readHead())
    watches.set(hash, { ...before, broadcastAt: before?.broadcastAt ?? now, head, checkedAt: now })
    try {
      await rpc.call('eth_sendRawTransaction', [raw])
    } catch (cause) {
      if (!(cause instanceof L1RpcError)) throw cause
      // Known or mined already, or not dearer enough than an earlier attempt: then there is nothing to do but wait.
      for (const each of attempts) if (await isKnown(each.hash)) return
      if ((await readMinedNonce()) > record.nonce) return
      const facts = { id: record.id, nonce: record.nonce, sender }
      throw new L1RefusedError('L1 does not take the signed transaction.', { cause, facts })
    }
    onStep('broadcast')
  }

  async function settleIfMined(record: L1TransactionRecord, { hash, cancels }: L1TransactionAttempt): Promise<boolean> {
    const receipt = await rpc.call<Receipt | null>('eth_getTransactionReceipt', [hash])
    if (receipt === null) return false
    onStep('mined')
    held.delete(record.id)
    const place = { hash, l1BlockNumber: Number(receipt.blockNumber) }
    if (cancels) await store.settle(record.id, { status: 'cancelled', ...place })
    else if (BigInt(receipt.status) === 1n) await store.settle(record.id, { status: 'mined', ...place })
    else await store.settle(record.id, { status: 'reverted', ...place, error: await explainRevert(record, receipt) })
    return true
  }

  /** Receipts have no reason: the call is repeated on the state before its block. */
  async function explainRevert(record: L1TransactionRecord, receipt: Receipt): Promise<string> {
    if (Number(receipt.gasUsed) >= record.gasLimit) return 'out of gas'
    const call = { from: sender, to: record.recipient, data: bytesToHex(await store.getData(record.id)) }
    const before = `0x${(Number(receipt.blockNumber) - 1).toString(16)}`
    return (await findRevert(call, before)) ?? 'unknown: a repetition on the state before its block succeeds'
  }

  /** Said of nonces only after a while: endpoints of several nodes contradict themselves for moments. */
  async function isNonceTaken(
    { nonce }: L1TransactionRecord,
    attempts: readonly L1TransactionAttempt[],
    watch: Watch,
  ): Promise<boolean> {
    let free = (await readMinedNonce()) <= nonce
    for (const { hash } of attempts) free ||= await isKnown(hash)
    if (free) {
      delete watch.nonceTakenSince
      return false
    }
    watch.nonceTakenSince ??= Date.now()
    return Date.now() - watch.nonceTakenSince >= nonceTakenMs
  }

  const isKnown = async (hash: Hash) => (await rpc.call<object | null>('eth_getTransactionByHash', [hash])) !== null
  const readHead = async () => Number(await rpc.call<Hex>('eth_blockNumber', []))
  const readMinedNonce = async () => Number(await rpc.call<Hex>('eth_getTransactionCount', [sender, 'latest']))

  return { send, rehearse, cancel, settleWithdrawn }
}

export type TransactionSender = ReturnType<typeof createTransactionSender>

/** Ends early when the signal is aborted, which the caller looks at next. */
const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined)

const cancelled = (job: string, { nonce }: L1TransactionRecord) =>
  new L1TransactionCancelledError('The transaction was cancelled.', { facts: { job, nonce } })

const reverted = (job: string, { error: revert = 'unknown' }: L1TransactionRecord) =>
  new L1TransactionRevertedError('The transaction reverted on L1.', { job, revert })

const withdrawn = (job: string, { nonce }: L1TransactionRecord) =>
  new L1TransactionWithdrawnError('What the transaction was to do is no longer wanted.', { facts: { job, nonce } })

const placeOf = ({ hash, l1BlockNumber }: L1TransactionRecord) => ({ l1TxHash: hash!, l1BlockNumber: l1BlockNumber! })

function unlessLimited(error: unknown): undefined {
  if (!(error instanceof L1FeeLimitError)) throw error
}

const revertOf = ({ data }: L1RpcError) => (data === undefined ? undefined : describeRevert(data))

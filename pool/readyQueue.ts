import type { Address, Hash } from '#protocol/primitives.ts'
import { createIndexedHeap } from './indexedHeap.ts'

/** What the order needs to know of a waiting transaction. */
export type QueuedTransaction = {
  hash: Hash
  sender: Address
  nonce: number
  /** Signed price, wei. */
  gasPrice: bigint
  /** Most it can cost its sender: value + gasLimit * gasPrice, wei. */
  cost: bigint
  /** Order of arrival in the pool; decides between equal prices. */
  arrival: number
}

/** `stale`: the account's nonce is past it. `underpriced`: the one that waits for the same nonce pays more. */
export type AddResult<T> =
  | { kind: 'added' }
  | { kind: 'replaced'; replaced: T }
  | { kind: 'known' | 'stale' | 'underpriced' }

/**
 * Waiting transactions in the order they should run. Ready is, of each sender, the transaction with the account's nonce
 * when the balance covers its cost; ready ones of all senders are ordered by price, then by arrival.
 */
export interface ReadyQueue<T extends QueuedTransaction> {
  /** Of one nonce the higher price stays, the newer at an equal price. O(log n). */
  add(transaction: T): AddResult<T>
  /** Forgets a transaction: it ran, or never will. O(log n). */
  remove(hash: Hash): T | undefined
  /** The best ready transaction; it stays until it is removed, skipped or its sender promoted. O(1). */
  next(): T | undefined
  /** Sets nonce and balance of a sender that waits here; others are ignored. Returns what became stale and was removed. */
  promote(sender: Address, nonce: number, balance: bigint): T[]
  /** Passes over a transaction, and so over the later ones of its sender, until `resume`. O(log n). */
  skip(hash: Hash): void
  /** Offers the skipped ones again: a new batch has room. */
  resume(): void
  get(hash: Hash): T | undefined
  /** Senders that wait here and were never promoted: the caller reads their accounts. */
  unknownSenders(): Address[]
  hasSender(sender: Address): boolean
  /** All transactions, in no order. */
  values(): IterableIterator<T>
  readonly size: number
  readonly readyCount: number
}

type Sender<T> = {
  address: Address
  /** Undefined until promoted. */
  account: { nonce: number; balance: bigint } | undefined
  byNonce: Map<number, T>
  ready: T | undefined
  heapIndex: number
}

/** Ready senders first by the price of their ready transaction, then by its arrival. */
function isBefore<T extends QueuedTransaction>(a: Sender<T>, b: Sender<T>): boolean {
  const [one, other] = [a.ready!, b.ready!]
  return one.gasPrice === other.gasPrice ? one.arrival < other.arrival : one.gasPrice > other.gasPrice
}

export function createReadyQueue<T extends QueuedTransaction>(): ReadyQueue<T> {
  const byHash = new Map<Hash, T>()
  const senders = new Map<Address, Sender<T>>()
  const unknown = new Set<Address>()
  const skipped = new Set<Hash>()
  const heap = createIndexedHeap<Sender<T>>(isBefore)

  /** Brings the heap in line with what the sender has now; forgets a sender with nothing left. */
  function refresh(sender: Sender<T>): void {
    const ready = findReady(sender)
    const inHeap = sender.heapIndex >= 0
    sender.ready = ready ?? sender.ready
    if (ready === undefined && inHeap) heap.remove(sender)
    if (ready !== undefined && inHeap) heap.update(sender)
    if (ready !== undefined && !inHeap) heap.push(sender)
    sender.ready = ready
    if (sender.byNonce.size > 0) return
    senders.delete(sender.address)
    unknown.delete(sender.address)
  }

  function findReady({ account, byNonce }: Sender<T>): T | undefined {
    if (account === undefined) return undefined
    const first = byNonce.get(account.nonce)
    if (first === undefined || first.cost > account.balance || skipped.has(first.hash)) return undefined
    return first
  }

  function openSender(address: Address): Sender<T> {
    const known = senders.get(address)
    if (known !== undefined) return known
    const sender: Sender<T> = { address, account: undefined, byNonce: new Map(), ready: undefined, heapIndex: -1 }
    senders.set(address, sender)
    unknown.add(address)
    return sender
  }

  function forget(transaction: T): void {
    byHash.delete(transaction.hash)
    skipped.delete(transaction.hash)
  }

  return {
    add(transaction) {
      if (byHash.has(transaction.hash)) return { kind: 'known' }
      const account = senders.get(transaction.sender)?.account
      if (account !== undefined && transaction.nonce < account.nonce) return { kind: 'stale' }
      const sender = openSender(transaction.sender)
      const replaced = sender.byNonce.get(transaction.nonce)
      if (replaced !== undefined && replaced.gasPrice > transaction.gasPrice) return { kind: 'underpriced' }
      if (replaced !== undefined) forget(replaced)
      byHash.set(transaction.hash, transaction)
      sender.byNonce.set(transaction.nonce, transaction)
      refresh(sender)
      return replaced === undefined ? { kind: 'added' } : { kind: 'replaced', replaced }
    },

    remove(hash) {
      const transaction = byHash.get(hash)
      if (transaction === undefined) return undefined
      forget(transaction)
      const sender = senders.get(transaction.sender)!
      sender.byNonce.delete(transaction.nonce)
      refresh(sender)
      return transaction
    },

    next: () => heap.peek()?.ready,

    promote(address, nonce, balance) {
      const sender = senders.get(address)
      if (sender === undefined) return []
      unknown.delete(address)
      sender.account = { nonce, balance }
      const stale: T[] = []
      for (const transaction of sender.byNonce.values()) if (transaction.nonce < nonce) stale.push(transaction)
      for (const transaction of stale) {
        forget(transaction)
        sender.byNonce.delete(transaction.nonce)
      }
      refresh(sender)
      return stale
    },

    skip(hash) {
      const transaction = byHash.get(hash)
      if (transaction === undefined) return
      skipped.add(hash)
      refresh(senders.get(transaction.sender)!)
    },

    resume() {
      const hashes = [...skipped]
      skipped.clear()
      for (const hash of hashes) refresh(senders.get(byHash.get(hash)!.sender)!)
    },

    get: (hash) => byHash.get(hash),
    unknownSenders: () => [...unknown],
    hasSender: (sender) => senders.has(sender),
    values: () => byHash.values(),
    get size() {
      return byHash.size
    },
    get readyCount() {
      return heap.size
    },
  }
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Address, Hash } from '#protocol/primitives.ts'
import { createReadyQueue, type QueuedTransaction } from './readyQueue.ts'

const address = (id: number) => Address(`0x${id.toString(16).padStart(40, '0')}`)
let counter = 0
function transaction(fields: Partial<Omit<QueuedTransaction, 'sender'>> & { sender: number }): QueuedTransaction {
  counter += 1
  return {
    hash: Hash(`0x${counter.toString(16).padStart(64, '0')}`),
    nonce: 0,
    gasPrice: 1n,
    cost: 1n,
    arrival: counter,
    ...fields,
    sender: address(fields.sender),
  }
}

/** Runs a queue dry as a sequencer would: what is next runs and raises its sender's nonce. */
function drain(queue: ReturnType<typeof createReadyQueue<QueuedTransaction>>, balance = 100n): QueuedTransaction[] {
  const order: QueuedTransaction[] = []
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    order.push(next)
    queue.remove(next.hash)
    queue.promote(next.sender, next.nonce + 1, balance)
  }
  return order
}

describe('order', () => {
  test('the higher price goes first, the earlier arrival at an equal price', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const [cheap, dear, later] = [
      transaction({ sender: 1, gasPrice: 5n }),
      transaction({ sender: 2, gasPrice: 9n }),
      transaction({ sender: 3, gasPrice: 9n }),
    ]
    for (const each of [later, cheap, dear]) queue.add(each)
    for (const sender of [1, 2, 3]) queue.promote(address(sender), 0, 10n)
    expect(drain(queue)).toEqual([dear, later, cheap])
  })

  test('a sender runs by nonce whatever the later ones pay', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const [second, first] = [
      transaction({ sender: 1, nonce: 8, gasPrice: 90n }),
      transaction({ sender: 1, nonce: 7, gasPrice: 1n }),
    ]
    queue.add(second)
    queue.add(first)
    queue.promote(address(1), 7, 10n)
    expect(drain(queue)).toEqual([first, second])
  })

  test('a gap in the nonces stops a sender until it is filled', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const late = transaction({ sender: 1, nonce: 1 })
    queue.add(late)
    queue.promote(address(1), 0, 10n)
    expect(queue.next()).toBeUndefined()
    queue.add(transaction({ sender: 1, nonce: 0 }))
    expect(drain(queue)).toHaveLength(2)
  })

  test('nothing of a sender is offered before its account is known', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    queue.add(transaction({ sender: 1 }))
    expect(queue.next()).toBeUndefined()
    expect(queue.unknownSenders()).toEqual([address(1)])
    queue.promote(address(1), 0, 1n)
    expect(queue.next()).toBeDefined()
    expect(queue.unknownSenders()).toEqual([])
  })

  test('a cost above the balance waits for the balance', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    queue.add(transaction({ sender: 1, cost: 10n }))
    queue.promote(address(1), 0, 9n)
    expect(queue.next()).toBeUndefined()
    queue.promote(address(1), 0, 10n)
    expect(queue.next()).toBeDefined()
  })
})

describe('changes', () => {
  test('a replacement of the ready transaction changes its rank', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const [other, old] = [transaction({ sender: 2, gasPrice: 5n }), transaction({ sender: 1, gasPrice: 1n })]
    for (const each of [other, old]) queue.add(each)
    for (const sender of [1, 2]) queue.promote(address(sender), 0, 10n)
    expect(queue.next()).toBe(other)
    const better = transaction({ sender: 1, gasPrice: 6n })
    expect(queue.add(better)).toEqual({ kind: 'replaced', replaced: old })
    expect(queue.next()).toBe(better)
    expect(queue.get(old.hash)).toBeUndefined()
    expect(queue.add(transaction({ sender: 1, gasPrice: 5n }))).toEqual({ kind: 'underpriced' })
  })

  test('a repeated and a stale transaction are refused', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const first = transaction({ sender: 1, nonce: 4 })
    queue.add(first)
    expect(queue.add(first)).toEqual({ kind: 'known' })
    queue.promote(address(1), 4, 10n)
    expect(queue.add(transaction({ sender: 1, nonce: 3 }))).toEqual({ kind: 'stale' })
    expect(queue.size).toBe(1)
  })

  test('promoting past transactions returns them and forgets an empty sender', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const [first, second] = [transaction({ sender: 1, nonce: 0 }), transaction({ sender: 1, nonce: 1 })]
    queue.add(first)
    queue.add(second)
    expect(queue.promote(address(1), 2, 10n)).toEqual([first, second])
    expect(queue.hasSender(address(1))).toBe(false)
    expect(queue.size).toBe(0)
    expect(queue.unknownSenders()).toEqual([])
  })

  test('a skipped transaction comes back with resume', () => {
    const queue = createReadyQueue<QueuedTransaction>()
    const [large, small] = [transaction({ sender: 1, gasPrice: 9n }), transaction({ sender: 2, gasPrice: 1n })]
    for (const each of [large, small]) queue.add(each)
    for (const sender of [1, 2]) queue.promote(address(sender), 0, 10n)
    queue.skip(large.hash)
    expect(queue.next()).toBe(small)
    queue.promote(address(1), 0, 10n)
    expect(queue.next()).toBe(small)
    queue.resume()
    expect(queue.next()).toBe(large)
  })
})

/** The order restated without any structure: look at everything, each time. */
function bestOf(waiting: Iterable<QueuedTransaction>, accounts: Map<Address, number>, skipped: Set<Hash>) {
  return [...waiting]
    .filter(({ hash, sender, nonce }) => accounts.get(sender) === nonce && !skipped.has(hash))
    .sort((a, b) => (a.gasPrice === b.gasPrice ? a.arrival - b.arrival : a.gasPrice > b.gasPrice ? -1 : 1))[0]
}

test('any run of operations offers what an exhaustive search finds', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'add', 'add', 'run', 'remove', 'promote', 'skip', 'resume'),
    sender: fc.integer({ min: 1, max: 5 }),
    nonce: fc.integer({ min: 0, max: 4 }),
    gasPrice: fc.bigInt({ min: 1n, max: 4n }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = createReadyQueue<QueuedTransaction>()
      const waiting = new Map<Hash, QueuedTransaction>()
      const accounts = new Map<Address, number>()
      const skipped = new Set<Hash>()
      const promote = (sender: Address, nonce: number) => {
        if (!queue.hasSender(sender)) return
        queue.promote(sender, nonce, 10n)
        accounts.set(sender, nonce)
        for (const each of waiting.values()) if (each.sender === sender && each.nonce < nonce) waiting.delete(each.hash)
      }
      for (const { kind, sender, nonce, gasPrice } of steps) {
        const some = [...waiting.values()].find((each) => each.sender === address(sender))
        if (kind === 'add') {
          const added = transaction({ sender, nonce, gasPrice })
          const result = queue.add(added)
          if (result.kind === 'replaced') waiting.delete(result.replaced.hash)
          if (result.kind === 'added' || result.kind === 'replaced') waiting.set(added.hash, added)
        } else if (kind === 'promote') promote(address(sender), nonce)
        else if (kind === 'resume') {
          skipped.clear()
          queue.resume()
        } else if (kind === 'run') {
          const next = queue.next()
          if (next !== undefined) {
            promote(next.sender, next.nonce + 1)
            expect(queue.get(next.hash)).toBeUndefined()
          }
        } else if (some !== undefined && kind === 'remove') {
          expect(queue.remove(some.hash)).toBe(some)
          waiting.delete(some.hash)
        } else if (some !== undefined) {
          queue.skip(some.hash)
          skipped.add(some.hash)
        }
        for (const known of [...accounts.keys()]) if (!queue.hasSender(known)) accounts.delete(known)
        expect(queue.next()).toBe(bestOf(waiting.values(), accounts, skipped))
        expect(queue.size).toBe(waiting.size)
      }
    }),
    { numRuns: 300 },
  )
})

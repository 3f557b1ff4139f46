import type { Interface } from 'ethers'
import { type Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import type { Call } from './endpoint.ts'
import { L1RpcError, L1UnavailableError, RangeRefusedError, WrongL1Error } from './errors.ts'
import { EVENT_TOPICS, type L1Contracts, type RpcLog, type RpcTransaction, readLog } from './events.ts'
import { traceInnerCalls } from './innerCalls.ts'
import { rollupManagerInterface } from './interfaces.ts'
import { createL1Rpc, type L1Rpc, type L1RpcOptions } from './rpc.ts'
import type { Etherman, L1Block, L1BlockEvents, L1BlockTag, L1Event } from './types.ts'

export type EthermanOptions = L1RpcOptions & { contracts: L1Contracts; rollupId: number }

/** A block as JSON-RPC gives it, as far as it is used. */
type RpcBlock = { number: Hex; hash: string; parentHash: string; timestamp: Hex }

/** Reads L1 over JSON-RPC, from one endpoint or several. */
export function createEtherman(options: EthermanOptions): Etherman & { close(): void } {
  const { contracts, rollupId } = options
  const rpc = createL1Rpc(options)
  const readManager = (method: string, args: readonly unknown[]) =>
    readContract(rpc, rollupManagerInterface, contracts.rollupManager, method, args)

  const readForkId = async (rollupTypeId: number) =>
    Number((await readManager('rollupTypeMap', [rollupTypeId]))['forkID'])

  return {
    getBlock: (tag) => findBlock(rpc, tag),

    readEvents: (range) =>
      rpc.onOneEndpoint(async (call) => {
        // One that is behind would leave out what it does not have yet, without a word.
        if ((await findBlock({ call }, range.toBlock)) === undefined)
          throw new L1UnavailableError('The L1 endpoint lacks a block that another one has.', { facts: range })
        const groups = groupByBlock(await readLogs(call, contracts, range))
        const found = await Promise.all(
          groups.map((logs) => readBlockEvents(call, { contracts, rollupId, readForkId }, logs)),
        )
        return found.filter(({ events }) => events.length > 0)
      }),

    async readSequencedBatches(toBatch) {
      const [sequence] = await readManager('getRollupSequencedBatches', [rollupId, toBatch])
      const { accInputHash, sequencedTimestamp, previousLastBatchSequenced } = sequence.toObject()
      return {
        accInputHash: Hash(accInputHash),
        sequencedTimestamp: Number(sequencedTimestamp),
        previousLastBatchSequenced: Number(previousLastBatchSequenced),
      }
    },

    async isRolledBack(toBatch, l1Block) {
      const event = rollupManagerInterface.getEvent('RollbackBatches')!
      const filter = {
        ...{ address: contracts.rollupManager, fromBlock: toHex(l1Block), toBlock: 'latest' },
        topics: rollupManagerInterface.encodeFilterTopics(event, [rollupId]),
      }
      const logs = await rpc.call<RpcLog[]>('eth_getLogs', [filter])
      return logs.some(({ topics }) => Number(topics[2]) < toBatch)
    },

    async readStateRoot(batchNumber) {
      return Hash((await readManager('getRollupBatchNumToStateRoot', [rollupId, batchNumber]))[0] ?? ZERO_HASH)
    },

    async readProgress() {
      const data = await readManager('rollupIDToRollupData', [rollupId])
      return {
        forkId: Number(data['forkID']),
        lastBatchSequenced: Number(data['lastBatchSequenced']),
        lastVerifiedBatch: Number(data['lastVerifiedBatch']),
      }
    },

    async readPendingStateTimeout() {
      return Number((await readManager('pendingStateTimeout', []))[0])
    },

    async checkNetwork(l1ChainId) {
      const chainId = Number(await rpc.call<Hex>('eth_chainId', []))
      if (chainId !== l1ChainId)
        throw new WrongL1Error('The L1 endpoint is of another chain.', { facts: { expected: l1ChainId, chainId } })
      const { rollup, rollupManager } = contracts
      if ((await rpc.call<Hex>('eth_getCode', [rollupManager, 'latest'])) === '0x')
        throw new WrongL1Error('There is no rollup manager at its address.', { facts: { rollupManager } })
      const known = Number((await readManager('rollupAddressToID', [rollup]))[0])
      if (known !== rollupId)
        throw new WrongL1Error('The rollup manager knows the rollup by another id.', {
          facts: { rollup, expected: rollupId, known },
        })
    },

    close: () => rpc.close(),
  }
}

async function readBlockEvents(
  call: Call,
  rollup: { contracts: L1Contracts; rollupId: number; readForkId: (rollupTypeId: number) => Promise<number> },
  logs: readonly RpcLog[],
): Promise<L1BlockEvents> {
  const block = await getBlockByHash(call, Hash(logs[0]!.blockHash))
  const context = { ...rollup, block, ...transactionReaders(call, rollup.contracts.rollup) }
  const events = await Promise.all(
    logs.map((log, index) => readLog(log, { ...context, ordinal: countSame(logs.slice(0, index), log) })),
  )
  return { block, events: events.filter((event): event is L1Event => event !== undefined) }
}

/** Result of a view function, by position and name. */
export async function readContract(
  rpc: L1Rpc,
  abi: Interface,
  address: Address,
  method: string,
  args: readonly unknown[],
) {
  const data = abi.encodeFunctionData(method, args)
  const result = await rpc.call<Hex>('eth_call', [{ to: address, data }, 'latest'])
  if (result === '0x')
    throw new WrongL1Error('The contract does not answer; is its address right?', { facts: { address, method } })
  return abi.decodeFunctionResult(method, result)
}

const toHex = (value: number) => `0x${value.toString(16)}`

/** Undefined when L1 has no such block (yet). */
export async function findBlock(rpc: Pick<L1Rpc, 'call'>, tag: L1BlockTag): Promise<L1Block | undefined> {
  const named = typeof tag === 'number' ? toHex(tag) : tag
  try {
    const block = await rpc.call<RpcBlock | null>('eth_getBlockByNumber', [named, false])
    return block === null ? undefined : toBlock(block)
  } catch (error) {
    // Young chains and chains without such tags answer with an error.
    if (error instanceof L1RpcError && (tag === 'safe' || tag === 'finalized')) return undefined
    throw error
  }
}

async function getBlockByHash(call: Call, hash: Hash): Promise<L1Block> {
  const block = await call<RpcBlock | null>('eth_getBlockByHash', [hash, false])
  if (block === null) throw movedAway('block', hash)
  return toBlock(block)
}

async function getTransaction(call: Call, hash: Hash): Promise<RpcTransaction> {
  const transaction = await call<RpcTransaction | null>('eth_getTransactionByHash', [hash])
  if (transaction === null) throw movedAway('transaction', hash)
  return transaction
}

/** Asks once for each transaction: one may have several of our events. */
function transactionReaders(call: Call, rollup: Address) {
  const once = <T>(read: (hash: Hash) => Promise<T>) => {
    const asked = new Map<Hash, Promise<T>>()
    return (hash: Hash) => {
      const answer = asked.get(hash) ?? read(hash)
      asked.set(hash, answer)
      return answer
    }
  }
  return {
    getTransaction: once((hash) => getTransaction(call, hash)),
    traceCalls: once((hash) => traceInnerCalls({ call }, hash, rollup)),
  }
}

const countSame = (logs: readonly RpcLog[], { address, topics, transactionHash }: RpcLog): number =>
  logs.filter((log) => {
    return log.address === address && log.topics[0] === topics[0] && log.transactionHash === transactionHash
  }).length

/** After a reorg, or from an endpoint of several nodes that are not at the same block. */
function movedAway(what: string, hash: Hash): L1UnavailableError {
  return new L1UnavailableError(`L1 has a log but not its ${what}.`, { facts: { hash } })
}

const toBlock = ({ number, hash, parentHash, timestamp }: RpcBlock): L1Block => ({
  number: Number(number),
  hash: Hash(hash),
  parentHash: Hash(parentHash),
  timestamp: Number(timestamp),
})

async function readLogs(
  call: Call,
  { rollup, rollupManager, globalExitRoot }: L1Contracts,
  { fromBlock, toBlock }: { fromBlock: number; toBlock: number },
): Promise<RpcLog[]> {
  const filter = {
    address: [rollup, rollupManager, globalExitRoot],
    topics: [EVENT_TOPICS],
    ...{ fromBlock: toHex(fromBlock), toBlock: toHex(toBlock) },
  }
  try {
    return await call<RpcLog[]>('eth_getLogs', [filter])
  } catch (cause) {
    // Endpoints refuse large ranges with codes and words of their own, or let them time out.
    const tooMuch = cause instanceof L1RpcError || (cause instanceof L1UnavailableError && cause.timedOut)
    if (!tooMuch || fromBlock === toBlock) throw cause
    const facts = { fromBlock, toBlock }
    const allowedBlocks = findAllowedBlocks(cause)
    throw new RangeRefusedError('L1 refused to search so many blocks.', { cause, facts, allowedBlocks })
  }
}

/** Some say which range they would search: `… this block range should work: [0x0, 0x3e7]`. */
function findAllowedBlocks(cause: unknown): number | undefined {
  const range = cause instanceof L1RpcError ? /\[(0x[0-9a-f]+), ?(0x[0-9a-f]+)\]/i.exec(cause.answer) : null
  const size = range === null ? 0 : Number(range[2]) - Number(range[1]) + 1
  return Number.isSafeInteger(size) && size > 0 ? size : undefined
}

/** In the order of the chain. */
function groupByBlock(logs: readonly RpcLog[]): RpcLog[][] {
  const ordered = logs.toSorted((a, b) =>
    a.blockNumber === b.blockNumber
      ? Number(a.logIndex) - Number(b.logIndex)
      : Number(a.blockNumber) - Number(b.blockNumber),
  )
  const groups: RpcLog[][] = []
  for (const log of ordered) {
    const last = groups.at(-1)
    if (last?.[0]?.blockHash === log.blockHash) last.push(log)
    else groups.push([log])
  }
  return groups
}

type Schema = Record<string, unknown>

/**
 * Results of the methods of execution-apis, by what its schemas ask of them. Written from the facts of
 * github.com/ethereum/execution-apis, src/schemas at 033ca6e; stricter where it leaves a pattern out.
 */
const hex = (pattern: string): Schema => ({ type: 'string', pattern: `^0x${pattern}$` })
const uint = hex('(0|[1-9a-f][0-9a-f]*)')
const hash = hex('[0-9a-f]{64}')
const address = hex('[0-9a-fA-F]{40}')
const bytes = hex('[0-9a-f]*')
const bytes256 = hex('[0-9a-f]{512}')
const none: Schema = { type: 'null' }
const boolean: Schema = { type: 'boolean' }
const or = (...oneOf: Schema[]): Schema => ({ oneOf })
const list = (items: Schema): Schema => ({ type: 'array', items })
const map = (additionalProperties: Schema): Schema => ({ type: 'object', additionalProperties })
/** Fields without others. */
const closed = (properties: Record<string, Schema>, required = Object.keys(properties)): Schema => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
})
const open = (properties: Record<string, Schema>): Schema => ({
  ...{ type: 'object', properties, required: Object.keys(properties) },
})

const log = closed({
  ...{ removed: boolean, logIndex: uint, transactionIndex: uint, transactionHash: hash, blockHash: hash },
  ...{ blockNumber: uint, blockTimestamp: uint, address, data: bytes, topics: list(hash) },
})

const receipt = closed({
  ...{ type: hex('[0-9a-f]{1,2}'), transactionHash: hash, transactionIndex: uint, blockHash: hash, blockNumber: uint },
  ...{ from: address, to: or(none, address), cumulativeGasUsed: uint, gasUsed: uint, status: uint },
  ...{ contractAddress: or(none, address), logs: list(log), logsBloom: bytes256, effectiveGasPrice: uint },
})

const legacy = {
  ...{ type: hex('0'), nonce: uint, to: or(none, address), gas: uint, value: uint, input: bytes, gasPrice: uint },
  ...{ v: uint, r: uint, s: uint },
}
const mined = open({
  ...{
    ...legacy,
    blockHash: hash,
    blockNumber: uint,
    blockTimestamp: uint,
    transactionIndex: uint,
    from: address,
    hash,
  },
})
const waiting = open({ ...legacy, from: address, hash, blockHash: none, blockNumber: none, transactionIndex: none })

const headerFields = {
  ...{ hash, parentHash: hash, sha3Uncles: hash, miner: address, stateRoot: hash, transactionsRoot: hash },
  ...{ receiptsRoot: hash, logsBloom: bytes256, difficulty: uint, number: uint, gasLimit: uint, gasUsed: uint },
  ...{ timestamp: uint, extraData: bytes, mixHash: hash, nonce: hex('[0-9a-f]{16}') },
}
const block = (transactions: Schema) =>
  closed({ ...headerFields, size: uint, totalDifficulty: uint, transactions: list(transactions), uncles: list(hash) })

const callFields = { returnData: bytes, gasUsed: uint, maxUsedGas: uint, logs: list(log) }
const callError = or(
  open({ code: { const: 3 }, message: { type: 'string', pattern: '^execution reverted' } }),
  open({ code: { const: -32015 }, message: { type: 'string', pattern: '^vm execution error' } }),
)
const callResult = or(
  open({ ...callFields, status: hex('1') }),
  open({ ...callFields, status: hex('0'), error: callError }),
)
const simulatedBlock = closed({
  ...{ ...headerFields, size: uint, totalDifficulty: uint, transactions: list(hash), uncles: list(hash) },
  calls: list(callResult),
})
const unsigned = {
  ...{ type: hex('0'), nonce: uint, to: or(none, address), gas: uint, value: uint, input: bytes, gasPrice: uint },
  chainId: uint,
}

const byNonce = map(waiting)
const addresses = map(address)
const integer: Schema = { type: 'integer', minimum: 0 }
const forkConfig = closed({
  activationTime: { type: 'number' },
  blobSchedule: closed({ baseFeeUpdateFraction: integer, max: integer, target: integer }),
  ...{ chainId: uint, forkId: hex('[0-9a-f]{8}'), precompiles: addresses, systemContracts: addresses },
})
const resource = closed({ disabled: boolean, oldestBlock: uint }, ['disabled'])
const ratio: Schema = { type: 'number', minimum: 0, maximum: 1 }

const count: Schema = { type: 'integer', minimum: 0 }
const structLog = closed(
  {
    ...{ pc: count, op: { type: 'string' }, gas: count, gasCost: count, depth: { type: 'integer', minimum: 1 } },
    ...{ error: { type: 'string' }, refund: count, stack: list(uint), memory: list(hash), returnData: bytes },
    storage: map(hash),
  },
  ['pc', 'op', 'gas', 'gasCost', 'depth'],
)
const opcodeTrace = open({ gas: count, failed: boolean, returnValue: bytes, structLogs: list(structLog) })
/** Forms of named tracers are not part of the specification. */
const trace = or(opcodeTrace, { not: { type: 'object', required: ['structLogs'] } })
const blockTraces = list(open({ txHash: hash, result: trace }))

/** Results by method; those of a transaction that waits under `<method> waiting`. */
export const EXECUTION_APIS: Record<string, Schema> = {
  debug_getRawBlock: bytes,
  debug_getRawHeader: bytes,
  debug_getRawReceipts: list(bytes),
  debug_getRawTransaction: bytes,
  debug_traceBlockByHash: blockTraces,
  debug_traceBlockByNumber: blockTraces,
  debug_traceTransaction: trace,
  eth_accounts: list(address),
  eth_baseFee: uint,
  eth_blockNumber: uint,
  eth_capabilities: closed({
    head: closed({ number: uint, hash }),
    ...{ state: resource, tx: resource, logs: resource, receipts: resource, blocks: resource, stateproofs: resource },
  }),
  eth_chainId: uint,
  eth_coinbase: address,
  eth_createAccessList: closed(
    {
      ...{ accessList: list(closed({ address, storageKeys: list(hash) })), gasUsed: uint },
      error: { type: 'string' },
    },
    ['accessList', 'gasUsed'],
  ),
  eth_config: closed({ current: forkConfig, next: or(none, forkConfig), last: or(none, forkConfig) }),
  eth_feeHistory: {
    ...closed(
      {
        ...{ oldestBlock: uint, baseFeePerGas: list(uint), gasUsedRatio: list(ratio), reward: list(list(uint)) },
        ...{ baseFeePerBlobGas: list(uint), blobGasUsedRatio: list(ratio) },
      },
      ['oldestBlock', 'baseFeePerGas', 'gasUsedRatio'],
    ),
  },
  eth_fillTransaction: closed({ raw: bytes, tx: closed(unsigned) }),
  eth_gasPrice: uint,
  eth_getBalance: uint,
  eth_getBlockByHash: or(none, block(mined)),
  eth_getBlockByNumber: or(none, block(hash)),
  eth_getBlockReceipts: or(none, list(receipt)),
  eth_getBlockTransactionCountByHash: or(none, uint),
  eth_getBlockTransactionCountByNumber: or(none, uint),
  eth_getCode: bytes,
  eth_getFilterChanges: list(hash),
  eth_getFilterLogs: list(log),
  eth_getLogs: list(log),
  eth_getStorageAt: bytes,
  eth_getStorageValues: map(list(bytes)),
  eth_getTransactionByBlockHashAndIndex: or(none, mined),
  eth_getTransactionByBlockNumberAndIndex: or(none, mined),
  eth_getTransactionByHash: or(none, mined),
  'eth_getTransactionByHash waiting': waiting,
  eth_getTransactionCount: uint,
  eth_getTransactionReceipt: or(none, receipt),
  eth_maxPriorityFeePerGas: uint,
  eth_newBlockFilter: uint,
  eth_newFilter: uint,
  eth_newPendingTransactionFilter: uint,
  eth_sendRawTransaction: hash,
  eth_simulateV1: list(simulatedBlock),
  eth_syncing: or(closed({ startingBlock: uint, currentBlock: uint, highestBlock: uint }), boolean),
  eth_uninstallFilter: boolean,
  net_version: { type: 'string', pattern: '^(0|[1-9][0-9]*)$' },
  txpool_content: open({ pending: map(byNonce), queued: map(byNonce) }),
  txpool_contentFrom: open({ pending: byNonce, queued: byNonce }),
  txpool_status: open({ pending: uint, queued: uint }),
}

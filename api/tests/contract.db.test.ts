import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Address, ZERO_HASH } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { EXECUTION_APIS } from '#test/executionApis.ts'
import { INFO_LEAVES } from '#test/smallChain.ts'
import { vectorsFolder } from '#test/vectors/load.ts'
import { CHAIN_ID, type ChainApi, startChainApi } from './testChain.ts'
import { call } from './testServer.ts'

const CONTRACT = Address('0x73b647cba2fe75ba05b8e12ef8f8d6327d6367bf')
const SENDER = Address(WORKED_SENDER)
/** Methods that need a connection, always refuse, or have tests with answers of their own. */
const ELSEWHERE =
  /^(eth_subscribe|eth_unsubscribe|eth_getProof|eth_call|eth_estimateGas|eth_sendRawTransactionSync|rpc\.discover)$/
const TRACERS = ['callTracer', 'prestateTracer', '4byteTracer', 'noopTracer', 'flatCallTracer', 'muxTracer'].map(
  (tracer) => ({ tracer }),
)
const OPEN_RPC = join(vectorsFolder(), '..', 'zkevm-openrpc.json')

type Document = {
  methods: { name: string; result: { schema: object } }[]
  components: { schemas: Record<string, object> }
}
let api: ChainApi
let served: Document
let given: Answer[]
beforeAll(async () => {
  api = await startChainApi()
  served = (await call(api.url, 'rpc.discover')).result as Document
  given = await readAnswers()
})
afterAll(() => api?.close())

/** What is asked of each method, one question or several. */
async function questions(): Promise<Record<string, unknown[][]>> {
  const [first, last] = [api.chain.batches[0].blocks[0]!, api.chain.batches[1].blocks.at(-1)!]
  const { hash } = (await call(api.url, 'eth_getBlockByNumber', 'latest', false)).result as { hash: string }
  const [{ txHash, l2TxHash }] = last.receipts as [(typeof last.receipts)[0]]
  const raw = await privateKeyToAccount(`0x${'11'.repeat(32)}`).signTransaction({
    ...{ type: 'legacy', chainId: CHAIN_ID, to: CONTRACT, gas: 100_000n, gasPrice: 10n ** 9n, nonce: 7 },
  })
  const filter = (await call(api.url, 'eth_newFilter', { fromBlock: '0x0' })).result
  const blockFilter = (await call(api.url, 'eth_newBlockFilter')).result
  const numbers = [...new Set(['0x0', `0x${first.number.toString(16)}`, 'latest'])]
  const ofBlock = [...numbers.map((number) => [number]), ['0x99']]
  const nothing = [[]]
  const transfer = { from: SENDER, to: CONTRACT, value: '0x1' }
  return {
    eth_sendRawTransaction: [[raw]],
    ...Object.fromEntries(
      [
        ...['eth_chainId', 'eth_blockNumber', 'eth_syncing', 'eth_coinbase', 'eth_accounts', 'eth_protocolVersion'],
        ...['eth_mining', 'eth_hashrate', 'eth_getCompilers', 'eth_config', 'eth_capabilities', 'eth_gasPrice'],
        ...['eth_maxPriorityFeePerGas', 'eth_baseFee', 'eth_newBlockFilter', 'eth_newPendingTransactionFilter'],
        ...['eth_pendingTransactions', 'net_version', 'net_listening', 'net_peerCount', 'web3_clientVersion'],
        ...['rpc_modules', 'txpool_status', 'txpool_content', 'txpool_inspect', 'ots_getApiLevel', 'zkevm_batchNumber'],
        ...['zkevm_virtualBatchNumber', 'zkevm_verifiedBatchNumber', 'zkevm_consolidatedBlockNumber'],
        ...['zkevm_getForkId', 'zkevm_getForks', 'zkevm_getLatestGlobalExitRoot', 'zkevm_getExitRootTable'],
        ...['zkevm_getVersionHistory', 'zkevm_syncStatus'],
      ].map((name) => [name, nothing]),
    ),
    web3_sha3: [['0x68656c6c6f']],
    eth_getBlockByNumber: ofBlock.map(([number]) => [number, false]),
    eth_getBlockByHash: [
      [hash, true],
      [ZERO_HASH, true],
    ],
    eth_getHeaderByNumber: [...ofBlock, ['pending']],
    eth_getHeaderByHash: [[hash], [ZERO_HASH]],
    eth_getBlockReceipts: ofBlock,
    eth_getBlockTransactionCountByNumber: ofBlock,
    eth_getBlockTransactionCountByHash: [[hash], [ZERO_HASH]],
    eth_getUncleCountByBlockNumber: ofBlock,
    eth_getUncleCountByBlockHash: [[hash], [ZERO_HASH]],
    eth_getUncleByBlockNumberAndIndex: [['latest', '0x0']],
    eth_getUncleByBlockHashAndIndex: [[hash, '0x0']],
    eth_getTransactionByHash: [[txHash], [ZERO_HASH]],
    eth_getTransactionByBlockHashAndIndex: [[hash, '0x0']],
    eth_getTransactionByBlockNumberAndIndex: [
      ['latest', '0x0'],
      ['latest', '0x9'],
    ],
    eth_getRawTransactionByHash: [[txHash], [ZERO_HASH]],
    eth_getRawTransactionByBlockHashAndIndex: [[hash, '0x0']],
    eth_getRawTransactionByBlockNumberAndIndex: [['latest', '0x0']],
    eth_getTransactionReceipt: [[txHash], [ZERO_HASH]],
    eth_getTransactionBySenderAndNonce: [
      [SENDER, '0x0'],
      [SENDER, '0x7'],
      [SENDER, '0x99'],
    ],
    eth_getBalance: [[SENDER], [SENDER, '0x0']],
    eth_getTransactionCount: [[SENDER], [SENDER, 'pending']],
    eth_getCode: [[CONTRACT], [SENDER]],
    eth_getStorageAt: [[CONTRACT, '0x0']],
    eth_getStorageValues: [[{ [CONTRACT]: ['0x0', '0x1'] }]],
    eth_createAccessList: [[transfer]],
    eth_callMany: [[[{ transactions: [transfer, transfer] }]]],
    eth_fillTransaction: [[transfer]],
    eth_simulateV1: [
      [{ blockStateCalls: [{ calls: [transfer, { input: '0xfe', gas: '0x186a0' }, { input: '0x5f5ffd' }] }] }],
    ],
    zkevm_estimateCounters: [[transfer]],
    zkevm_estimateGasPrice: [[transfer]],
    zkevm_estimateFee: [[transfer]],
    eth_feeHistory: [
      ['0x3', 'latest', [10, 50]],
      ['0x1', '0x0'],
    ],
    eth_getLogs: [[{ fromBlock: '0x0' }]],
    eth_newFilter: [[{ fromBlock: '0x0' }]],
    eth_getFilterLogs: [[filter]],
    eth_getFilterChanges: [[blockFilter]],
    eth_uninstallFilter: [[filter], [filter]],
    txpool_contentFrom: [[SENDER]],
    debug_getRawHeader: [['latest']],
    debug_getRawBlock: [['latest']],
    debug_getRawReceipts: [['latest']],
    debug_getRawTransaction: [[txHash]],
    debug_storageRangeAt: [
      [hash, 0, CONTRACT, '0x0', 1],
      [hash, 0, SENDER, '0x0', 1],
    ],
    debug_accountRange: [['latest'], ['latest', '0x', 1, true, true]],
    debug_getModifiedAccountsByNumber: [['latest'], ['0x0', 'latest']],
    debug_traceTransaction: [[txHash], ...TRACERS.map((config) => [txHash, config])],
    debug_traceTransactionCounters: [[txHash]],
    debug_traceBlockByNumber: [['latest'], ...TRACERS.map((config) => ['latest', config])],
    debug_traceBlockByHash: [[hash]],
    debug_traceBatchByNumber: [['0x1']],
    debug_traceCall: [[transfer], ...TRACERS.map((config) => [transfer, 'latest', config])],
    trace_block: [['latest'], ['0x0']],
    trace_transaction: [[txHash], [ZERO_HASH]],
    trace_get: [
      [txHash, []],
      [txHash, ['0x9']],
    ],
    trace_filter: [[{}], [{ toAddress: [CONTRACT] }]],
    trace_call: [[transfer, ['trace', 'stateDiff']]],
    trace_callMany: [[[[transfer, ['trace']]]]],
    trace_rawTransaction: [[raw, ['trace']]],
    trace_replayTransaction: [[txHash, ['trace', 'stateDiff']]],
    trace_replayBlockTransactions: [['latest', ['trace', 'stateDiff']]],
    ots_traceTransaction: [[txHash]],
    ots_getInternalOperations: [[txHash]],
    ots_getTransactionError: [[txHash]],
    ots_hasCode: [[CONTRACT]],
    ots_getBlockDetails: [[last.number], [99]],
    ots_getBlockDetailsByHash: [[hash]],
    ots_getBlockTransactions: [[last.number, 0, 10]],
    ots_getTransactionBySenderAndNonce: [[SENDER, 0]],
    ots_getContractCreator: [[CONTRACT], [SENDER]],
    ots_searchTransactionsBefore: [[SENDER, 0, 5]],
    ots_searchTransactionsAfter: [[SENDER, 0, 5]],
    zkevm_isBlockConsolidated: ofBlock,
    zkevm_isBlockVirtualized: ofBlock,
    zkevm_batchNumberByBlockNumber: ofBlock,
    zkevm_getBatchByNumber: [['0x0', true], ['0x1', true], ['0x2', false], ['0x9']],
    zkevm_getFullBlockByNumber: [
      ['0x0', false],
      ['latest', true],
      ['pending', true],
      ['0x99', true],
    ],
    zkevm_getFullBlockByHash: [
      [hash, true],
      [ZERO_HASH, false],
    ],
    zkevm_getNativeBlockHashesInRange: [[{ fromBlock: '0x0', toBlock: 'latest' }], [{}]],
    zkevm_getTransactionByL2Hash: [[l2TxHash], [ZERO_HASH]],
    zkevm_getTransactionReceiptByL2Hash: [[l2TxHash], [ZERO_HASH]],
    zkevm_getL2BlockInfoTree: [['latest']],
    zkevm_getExitRootsByGER: [[INFO_LEAVES[1]!.globalExitRoot], [ZERO_HASH]],
    zkevm_getForkById: [['0x9'], ['0x1']],
    zkevm_getForkIdByBatchNumber: [['latest']],
    zkevm_getBatchDataByNumbers: [[{ numbers: ['0x0', '0x1', '0x9'] }]],
    zkevm_getBatchCountersByNumber: [['0x1']],
    zkevm_getBatchStatus: [['0x0'], ['0x1'], ['0x2'], ['0x9']],
    zkevm_getWitness: [['latest']],
    zkevm_getBlockRangeWitness: [['0x1', 'latest']],
    zkevm_getBatchWitness: [['0x1'], [2]],
    zkevm_getProverInput: [['0x1']],
    zkevm_getProof: [[CONTRACT, [ZERO_HASH], 'latest']],
  }
}

type Answer = { method: string; params: unknown[]; result: unknown }

async function readAnswers(): Promise<Answer[]> {
  const found: Answer[] = []
  for (const [method, asked] of Object.entries(await questions()))
    for (const params of asked) {
      const { result, error } = await call(api.url, method, ...params)
      expect(error, `${method} ${JSON.stringify(params)}`).toBeUndefined()
      found.push({ method, params, result })
    }
  return found
}

/** Violations of the schemas that a document gives its methods. */
function findViolations(answers: readonly Answer[], { methods, components }: Document): string[] {
  const ajv = new Ajv({ strict: false, allErrors: false })
  const schemas = new Map(methods.map(({ name, result }) => [name, result.schema]))
  return answers.flatMap(({ method, params, result }) => {
    const schema = schemas.get(method)
    if (schema === undefined) return []
    const isValid = ajv.compile({ ...schema, components })
    return isValid(result) ? [] : [`${method} ${JSON.stringify(params)}: ${ajv.errorsText(isValid.errors)}`]
  })
}

describe('every answer', () => {
  test('has a question here, and keeps what rpc.discover promises', () => {
    const asked = new Set(given.map(({ method }) => method))
    const names = served.methods.map(({ name }) => name).filter((name) => !ELSEWHERE.test(name))
    expect([...asked].sort()).toEqual(names.sort())
    expect(findViolations(given, served)).toEqual([])
    const altered = given.map((answer) => ({ ...answer, result: { wrong: answer.result } }))
    expect(findViolations(altered, served).length).toBeGreaterThan(given.length / 2)
  })

  test('of a method of execution-apis keeps its schema', () => {
    const methods = Object.entries(EXECUTION_APIS).map(([name, schema]) => ({ name, result: { schema } }))
    expect(findViolations(given, { methods, components: { schemas: {} } })).toEqual([])
    const asked = new Set(given.map(({ method }) => method))
    expect(methods.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([
      'eth_getTransactionByHash waiting',
    ])
  })

  test.skipIf(!existsSync(OPEN_RPC))('of a zkevm_ method keeps the schema of zkevm-openrpc.json', () => {
    const document = JSON.parse(readFileSync(OPEN_RPC, 'utf8')) as Document
    expect(findViolations(given, document)).toEqual([])
    const missing = document.methods
      .map(({ name }) => name)
      .filter((name) => !served.methods.some((m) => m.name === name))
    expect(missing.filter((name) => !name.startsWith('zkevm_estimate'))).toEqual([])
  })
})

test('a transaction that waits keeps the schema of one that waits', async () => {
  const raw = await privateKeyToAccount(`0x${'11'.repeat(32)}`).signTransaction({
    ...{ type: 'legacy', chainId: CHAIN_ID, to: CONTRACT, gas: 100_000n, gasPrice: 10n ** 9n, nonce: 9 },
  })
  const { result: hash } = await call(api.url, 'eth_sendRawTransaction', raw)
  const { result } = await call(api.url, 'eth_getTransactionByHash', hash)
  const schema = EXECUTION_APIS['eth_getTransactionByHash waiting']!
  expect(new Ajv({ strict: false }).validate(schema, result)).toBe(true)
  expect(result).not.toHaveProperty('blockTimestamp')
})

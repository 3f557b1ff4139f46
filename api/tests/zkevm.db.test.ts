import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { NODE_VERSION } from '#common/version.ts'
import { assignAttempt, endAttempt, startAttempt } from '#db/attempts.ts'
import { attempts } from '#db/proofSchema.ts'
import { blockInfoRoot, gasUsedLeaf, headerLeaves, receiptLeaves } from '#executor/blockInfoTree.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { balanceKey, codeHashKey, codeLengthKey, nonceKey, storageKey } from '#merkletree/keys.ts'
import { readNodeProof } from '#merkletree/nodeProof.ts'
import { decodeWitness } from '#merkletree/witness.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { listTrieRoot } from '#protocol/listTrie.ts'
import { Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { hashOf } from '#test/blocks.ts'
import { INFO_LEAVES, INFO_TREE } from '#test/smallChain.ts'
import { type ChainApi, L1_TIME, startChainApi } from './testChain.ts'
import { call } from './testServer.ts'

const CONTRACT = Address('0x73b647cba2fe75ba05b8e12ef8f8d6327d6367bf')
const SENDER = Address(WORKED_SENDER)
let api: ChainApi
beforeAll(async () => {
  api = await startChainApi()
})
afterAll(() => api?.close())

type Fields = Record<string, unknown>
async function ask<T = Fields>(method: string, ...params: unknown[]): Promise<T> {
  const answer = await call(api.url, method, ...params)
  expect(answer.error).toBeUndefined()
  return answer.result as T
}
const blocks = () => api.chain.batches.flatMap((batch) => batch.blocks)
const quantity = (value: number | bigint) => `0x${value.toString(16)}`

describe('raw data', () => {
  test('hashes to what the block says', async () => {
    for (const { number } of blocks()) {
      const block = await ask<Record<string, string>>('eth_getBlockByNumber', quantity(number), false)
      const header = await ask<string>('debug_getRawHeader', quantity(number))
      expect(keccakHex(hexToBytes(header))).toBe(block['hash'])
      const receipts = await ask<string[]>('debug_getRawReceipts', quantity(number))
      expect(listTrieRoot(receipts.map(hexToBytes))).toBe(block['receiptsRoot'])
      const raw = await ask<string>('debug_getRawBlock', quantity(number))
      expect(quantity(hexToBytes(raw).length)).toBe(block['size'])
      const hashes = block['transactions'] as unknown as string[]
      for (const hash of hashes)
        expect(keccakHex(hexToBytes(await ask<string>('debug_getRawTransaction', hash)))).toBe(hash)
    }
    expect((await call(api.url, 'debug_getRawTransaction', hashOf(1))).error).toEqual({
      code: -32000,
      message: 'transaction not found',
    })
    expect((await call(api.url, 'debug_getRawHeader', '0x99')).error?.message).toBe('header not found')
  })

  test('storage, accounts and what a block changed', async () => {
    const [, last] = [blocks()[0], blocks().at(-1)!]
    const { hash } = await ask<{ hash: string }>('eth_getBlockByNumber', 'latest', false)
    const slot0 = await ask<string>('eth_getStorageAt', CONTRACT, '0x0', quantity(last.number - 1))
    const range = await ask<{ storage: Record<string, Fields>; nextKey: null }>(
      ...(['debug_storageRangeAt', hash, 0, CONTRACT, '0x0', 10] as const),
    )
    expect(range).toEqual({
      storage: { [keccakHex(new Uint8Array(32))]: { key: ZERO_HASH, value: slot0 } },
      nextKey: null,
    })
    const { accounts, root } = await ask<{ accounts: Record<string, Fields>; root: string }>(
      ...(['debug_accountRange', 'latest', '0x', 10] as const),
    )
    expect(root).toBe(last.stateRoot)
    expect(accounts[CONTRACT]).toMatchObject({ nonce: 1, code: await ask('eth_getCode', CONTRACT) })
    const modified = await ask<string[]>('debug_getModifiedAccountsByNumber', 'latest')
    expect(modified).toEqual(
      [...new Set([...last.stateDiff.accounts.keys(), ...last.stateDiff.storage.map(({ address }) => address)])].sort(),
    )
    expect((await call(api.url, 'debug_getModifiedAccountsByNumber', '0x2', '0x1')).error?.message).toBe(
      'start block height (2) must be less than end block height (1)',
    )
  })
})

describe('proofs', () => {
  test('of an account and its storage lead to the state root, at any block', async () => {
    for (const { number, stateRoot } of blocks()) {
      const proof = await ask<Record<string, string[] & string>>(
        ...(['zkevm_getProof', CONTRACT, [ZERO_HASH, hashOf(77)], quantity(number)] as const),
      )
      const read = (field: string, key: Uint8Array) =>
        readNodeProof(
          stateRoot,
          key,
          proof[field]!.map((node: string) => hexToBytes(node)),
        )
      expect(read('balanceProof', balanceKey(CONTRACT))).toBe(BigInt(proof['balance']!))
      expect(read('nonceProof', nonceKey(CONTRACT))).toBe(BigInt(proof['nonce']!))
      expect(read('codeHashProof', codeHashKey(CONTRACT))).toBe(BigInt(proof['codeHash']!))
      expect(read('codeLengthProof', codeLengthKey(CONTRACT))).toBe(BigInt(proof['codeLength']!))
      const storage = proof['storageProof'] as unknown as { key: string; value: string; proof: string[] }[]
      expect(storage.map(({ key }) => key)).toEqual([ZERO_HASH, hashOf(77)])
      for (const { key, value, proof: nodes } of storage)
        expect(readNodeProof(stateRoot, storageKey(CONTRACT, BigInt(key)), nodes.map(hexToBytes))).toBe(BigInt(value))
      expect(storage[1]!.value).toBe('0x0')
    }
    expect((await call(api.url, 'eth_getProof', CONTRACT, [], 'latest')).error).toEqual({
      code: -32004,
      message: 'method not supported: use zkevm_getProof',
    })
  })

  test('a batch can be executed on its witness alone, also as a range of blocks', async () => {
    const [first, second] = api.chain.batches
    const last = quantity(blocks().at(-1)!.number)
    for (const witness of [
      await ask<string>('zkevm_getBatchWitness', 2),
      await ask<string>('zkevm_getWitness', last, 'trimmed'),
    ]) {
      const { root, store, codes } = decodeWitness(hexToBytes(witness))
      expect(root).toBe(second.job.inputs.oldStateRoot)
      const reader = createTreeStateReader(store, root, codes)
      const { newStateRoot } = await executeBatch(
        { ...second.job.inputs, skipVerifyL1InfoRoot: true },
        { reader, store },
      )
      expect(newStateRoot).toBe(second.job.claimed.newStateRoot)
    }
    const whole = await ask<string>('zkevm_getBlockRangeWitness', '0x1', last)
    const { root, store, codes } = decodeWitness(hexToBytes(whole))
    expect(root).toBe(first.job.inputs.oldStateRoot)
    const reader = createTreeStateReader(store, root, codes)
    const result = await executeBatch({ ...first.job.inputs, skipVerifyL1InfoRoot: true }, { reader, store })
    expect(result.newStateRoot).toBe(first.job.claimed.newStateRoot)
    expect((await call(api.url, 'zkevm_getWitness', '0x1', 'full')).error?.code).toBe(-32602)
    expect((await call(api.url, 'zkevm_getBatchWitness', '0x9')).error?.message).toBe('batch not found')
  })

  test('the input of a prover is what L1 fixed', async () => {
    const { inputs } = api.chain.batches[1].job
    expect(await ask('zkevm_getProverInput', '0x2')).toEqual({
      witness: await ask('zkevm_getBatchWitness', '0x2'),
      coinbase: inputs.coinbase,
      oldAccInputHash: inputs.oldAccInputHash,
      timestampLimit: inputs.timestampLimit,
      forcedBlockhashL1: '',
    })
  })
})

describe('blocks', () => {
  test('the block info tree of a block has its root', async () => {
    for (const block of blocks()) {
      const tree = await ask<Record<string, number> & { txInfos: unknown }>(
        'zkevm_getL2BlockInfoTree',
        quantity(block.number),
      )
      const txInfos = tree['txInfos'] as { txIndex: number; data: string; logs: { data: string }[] }[]
      const receipts = txInfos.map((info) => ({
        ...(info as unknown as Parameters<typeof receiptLeaves>[0]),
        logs: info.logs.map((log) => ({ ...log, data: hexToBytes(log.data) })) as never,
      }))
      const header = {
        ...{ parentHash: tree['previousStateRoot'], coinbase: tree['coinbase'], number: tree['blockNumber'] },
        ...{ gasLimit: BigInt(tree['blockGasLimit']!), timestamp: tree['blockTime'], globalExitRoot: tree['ger'] },
        l1BlockHash: tree['l1BlockHash'],
      } as unknown as Parameters<typeof headerLeaves>[0]
      const leaves = [...headerLeaves(header), ...receipts.flatMap(receiptLeaves), gasUsedLeaf(tree['blockGasUsed']!)]
      expect(await blockInfoRoot(leaves)).toBe(block.blockInfoRoot)
    }
    expect((await call(api.url, 'zkevm_getL2BlockInfoTree', '0x0')).error?.code).toBe(-32000)
  })

  test('native hashes are state roots', async () => {
    const roots = [api.chain.genesis.root, ...blocks().map(({ stateRoot }) => stateRoot)]
    expect(await ask('zkevm_getNativeBlockHashesInRange', { fromBlock: 'earliest', toBlock: 'latest' })).toEqual(roots)
    expect(
      (await call(api.url, 'zkevm_getNativeBlockHashesInRange', { fromBlock: '0x2', toBlock: '0x1' })).error,
    ).toEqual({
      code: -32602,
      message: 'invalid block range',
    })
    const tooWide = await call(api.url, 'zkevm_getNativeBlockHashesInRange', { fromBlock: '0x1', toBlock: '0xea61' })
    expect(tooWide.error).toEqual({
      code: -32602,
      message: 'native block hashes are limited to a 60000 block range',
      data: { from: '0x1', to: '0xea60', limit: 60_000 },
    })
  })

  test('transactions and receipts are found by the hash of the ROM', async () => {
    const [receipt] = blocks().at(-1)!.receipts
    const { l2TxHash, txHash } = receipt!
    expect(await ask('zkevm_getTransactionByL2Hash', l2TxHash)).toMatchObject({ hash: txHash, l2Hash: l2TxHash })
    expect(await ask('zkevm_getTransactionReceiptByL2Hash', l2TxHash)).toMatchObject({
      ...{ transactionHash: txHash, transactionL2Hash: l2TxHash, root: blocks().at(-1)!.stateRoot },
    })
    expect(await ask('zkevm_getTransactionByL2Hash', hashOf(1))).toBeNull()
    expect(await ask('zkevm_getTransactionReceiptByL2Hash', hashOf(1))).toBeNull()
  })

  test('the full block to come has nothing that is fixed only at its end', async () => {
    const next = blocks().at(-1)!.number + 1
    expect(await ask('zkevm_getFullBlockByNumber', 'pending', true)).toMatchObject({
      ...{ number: quantity(next), hash: null, nonce: null, miner: null, totalDifficulty: null, transactions: [] },
    })
  })
})

describe('batches', () => {
  test('tags follow L1', async () => {
    const [first] = api.chain.batches
    const numberOf = async (tag: string) => (await ask('eth_getBlockByNumber', tag, false))['number']
    expect(await numberOf('safe')).toBe(quantity(first.blocks.at(-1)!.number))
    expect(await numberOf('finalized')).toBe('0x0')
    const { number: last } = blocks().at(-1)!
    expect(await numberOf('latest')).toBe(quantity(last))
    expect(await numberOf('pending')).toBe(quantity(last + 1))
    expect((await ask('zkevm_getBatchByNumber', 'safe'))['number']).toBe('0x1')
    expect((await ask('zkevm_getBatchByNumber', 'finalized'))['number']).toBe('0x0')
    expect((await ask('zkevm_getBatchByNumber', 'latest'))['number']).toBe('0x2')
  })

  test('their lives are told', async () => {
    expect(await ask('zkevm_getBatchStatus', '0x1')).toEqual({
      ...{ batchNumber: '0x1', state: 'verified', since: quantity(L1_TIME + 1), forced: false },
      ...{ blocks: quantity(api.chain.batches[0].blocks.length), attempts: 0, lastError: null },
      transactions: quantity(api.chain.batches[0].blocks.flatMap(({ receipts }) => receipts).length),
      ...{ sendSequencesTxHash: hashOf(0x501), verifyBatchTxHash: hashOf(0x601), workflowId: 'batch-1' },
    })
    expect(await ask('zkevm_getBatchStatus', '0x2')).toMatchObject({
      ...{ state: 'virtual', since: quantity(L1_TIME + 2), verifyBatchTxHash: null },
    })
    expect(await ask('zkevm_getBatchStatus', '0x3')).toBeNull()
  })

  test('who proves a batch, how often it was tried and what went wrong', async () => {
    const two = BatchNumber(2)
    const tryIt = () => startAttempt(api.db, { jobId: 'batch-2-r1', kind: 'batch', fromBatch: two, toBatch: two })
    const status = () => ask<Fields>('zkevm_getBatchStatus', '0x2')
    const [isVirtual, inSeconds] = [{ state: 'virtual', since: quantity(L1_TIME + 2) }, /^0x[0-9a-f]{8}$/]
    const first = await tryIt()
    expect(await status()).toMatchObject({ ...isVirtual, attempts: 1, lastError: null })
    await assignAttempt(api.db, first.id, { proverId: 'p1', proverName: 'farm', proverKind: 'remote' })
    const since = quantity(Math.floor(first.startedAt.getTime() / 1000))
    expect(await status()).toMatchObject({ state: 'proving', since, attempts: 1, lastError: null })
    await endAttempt(api.db, first.id, { outcome: 'failed', error: 'no memory' })
    expect(await status()).toMatchObject({
      ...{ state: 'failed', since: expect.stringMatching(inSeconds), attempts: 1, lastError: 'no memory' },
    })
    await endAttempt(api.db, (await tryIt()).id, { outcome: 'cancelled' })
    expect(await status()).toMatchObject({ ...isVirtual, attempts: 2, lastError: 'no memory' })
    await api.db.delete(attempts)
  })

  test('their data and counters', async () => {
    const [first, second] = api.chain.batches
    expect(await ask('zkevm_getBatchDataByNumbers', { numbers: ['0x1', 'latest', '0x9'] })).toEqual({
      data: [
        { number: '0x1', empty: false, batchL2Data: `0x${Buffer.from(first.job.inputs.batchL2Data).toString('hex')}` },
        { number: '0x2', empty: false, batchL2Data: `0x${Buffer.from(second.job.inputs.batchL2Data).toString('hex')}` },
        { number: '0x9', empty: true },
      ],
    })
    const [block] = second.blocks
    const counters = await ask<{ countersUsed: Fields; countersLimit: Fields }>('zkevm_getBatchCountersByNumber', '0x2')
    expect(counters).toMatchObject({
      batchNumber: '0x2',
      blockFrom: quantity(block!.number),
      blockTo: quantity(block!.number),
    })
    expect(counters.countersUsed).toMatchObject({
      ...{ gasUsed: quantity(block!.gasUsed), usedSteps: quantity(block!.counters.steps) },
      usedKeccakHashes: quantity(block!.counters.keccakHashes),
    })
    expect(counters.countersLimit).toMatchObject({ maxGasUsed: quantity(2n ** 50n), maxSteps: '0x7998dc' })
  })

  test('forks', async () => {
    const fork = {
      ...{ forkId: '0x9', fromBatchNumber: '0x1', toBatchNumber: '0xffffffffffffffff', version: 'elderberry 2' },
      blockNumber: '0x0',
    }
    expect(await ask('zkevm_getForks')).toEqual([fork])
    expect(await ask('zkevm_getForkById', '0x9')).toEqual(fork)
    expect(await ask('zkevm_getForkById', '0x5')).toBeNull()
    expect(await ask('zkevm_getForkId')).toBe('0x9')
    expect(await ask('zkevm_getForkIdByBatchNumber', 'latest')).toBe('0x9')
    expect(await ask('eth_config')).toMatchObject({ current: { forkId: '0x00000009', chainId: '0x3e8' }, next: null })
  })
})

describe('exit roots', () => {
  const [zero, one] = INFO_LEAVES as [(typeof INFO_LEAVES)[0], (typeof INFO_LEAVES)[0]]

  test('of L1, and the newest that L2 used', async () => {
    expect(await ask('zkevm_getExitRootsByGER', one.globalExitRoot)).toEqual({
      ...{ blockNumber: '0xa', timestamp: quantity(one.timestamp) },
      ...{ mainnetExitRoot: hashOf(0x3a), rollupExitRoot: hashOf(0x3b) },
    })
    expect(await ask('zkevm_getExitRootsByGER', hashOf(1))).toBeNull()
    expect(await ask('zkevm_getLatestGlobalExitRoot')).toBe(one.globalExitRoot)
    expect(await ask('zkevm_getExitRootTable')).toEqual(
      [zero, one].map((leaf, index) => ({
        ...{ index, ger: leaf.globalExitRoot, info_root: INFO_TREE.rootAt(index + 1) as Hash },
        ...{ mainnet_exit_root: hashOf(0x3a), rollup_exit_root: hashOf(0x3b), parent_hash: leaf.blockHashL1 },
        ...{ min_timestamp: leaf.timestamp, block_number: 10 },
      })),
    )
  })
})

test('the node tells how it is', async () => {
  const last = blocks().at(-1)!
  expect(await ask('zkevm_syncStatus')).toEqual({
    ...{ role: 'sequencer', synced: true, l1Head: '0xc', l1Processed: '0xc', trustedBatch: '0x2', virtualBatch: '0x2' },
    ...{ verifiedBatch: '0x1', latestBlock: quantity(last.number), lastBlockAgeSeconds: expect.any(Number) },
    ...{ halted: false, haltReason: null },
  })
  expect(Object.keys(await ask('zkevm_getVersionHistory'))).toEqual([NODE_VERSION])
  expect(await ask('eth_getTransactionBySenderAndNonce', SENDER, '0x5')).toMatchObject({ nonce: '0x5', from: SENDER })
  expect(await ask('eth_getTransactionBySenderAndNonce', SENDER, '0x63')).toBeNull()
})

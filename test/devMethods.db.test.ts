import { Wallet } from 'ethers'
import { afterEach, expect, test, vi } from 'vitest'
import { startApiServer } from '#api/server.ts'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import { getClosedBatch } from '#db/batches.ts'
import { getLastBlock } from '#db/blocks.ts'
import { call } from '#devnet/rpc.ts'
import { Address, BatchNumber, type Hex } from '#protocol/primitives.ts'
import { addressOf } from './blocks.ts'
import { L1Chain } from './l1Chain.ts'
import { createTestDatabase } from './postgres.ts'
import { CHAIN_ID, COINBASE, createSequencer } from './sequencing.ts'

const FAUCET_ENV = 'ZKNODE_TEST_FAUCET_KEY'
const faucet = new Wallet(`0x${'7'.repeat(64)}`)
const closers: (() => unknown)[] = []
afterEach(async () => {
  while (closers.length > 0) await closers.pop()!()
  vi.unstubAllEnvs()
})

test('a second node that reads L1 alone has the blocks of mine, increaseTime, setNextBlockTimestamp and setBalance', async () => {
  vi.stubEnv(FAUCET_ENV, faucet.privateKey)
  const chain = await L1Chain.start([Address(faucet.address)])
  closers.push(() => chain.stop())
  const [first, second] = [await createTestDatabase(), await createTestDatabase()]
  closers.push(first.drop, second.drop)
  const node = await chain.openNode(first.url, { isReader: false })
  const follower = await chain.openNode(second.url)
  closers.push(node.close, follower.close)
  await node.poll()

  const { rollupManager, rollup, globalExitRoot, pol, l1StartBlock } = chain.deployment
  const contracts = { rollupManager, rollup, globalExitRoot, pol }
  const api = await startApiServer(
    parseConfig({
      network: { ...{ chainId: CHAIN_ID, l1ChainId: 1337, contracts, l1StartBlock }, genesisFile: 'unused.json' },
      ...{ database: { url: first.url }, l1: { rpcUrl: chain.url }, sequencer: { coinbase: COINBASE } },
      rpc: { port: 0, evmThreads: 1, namespaces: ['eth', 'dev'] },
      dev: { movesL1Clock: true, faucetKey: `env:${FAUCET_ENV}` },
    }),
    createLogger('api', 'fatal'),
    { withOps: false },
  )
  closers.push(api.stop)
  const sequencer = createSequencer(node.db, { batchMaxMs: 3000 }, { namespaces: ['dev'] })
  closers.push(() => sequencer.close())
  const collecting = sequencer.collect(BatchNumber(2), new AbortController().signal)
  const ask = <T>(method: string, ...params: unknown[]) => call<T>(`http://127.0.0.1:${api.port}`, method, params)

  const dayLater = Math.floor(Date.now() / 1000) + 86_400
  await ask('evm_increaseTime', 86_400)
  await ask('anvil_mine', 3, 600)
  await ask('evm_setNextBlockTimestamp', dayLater + 5000)
  await ask('anvil_setBalance', addressOf(0xbeef), '0x10')
  expect(await ask('eth_getBalance', addressOf(0xbeef), 'latest')).toBe('0x10')
  await ask('dev_mine', 2)
  const snapshot = await ask('evm_snapshot')
  await ask('anvil_setBalance', addressOf(0xbeef), '0x20')
  expect(await ask('evm_revert', snapshot)).toBe(true)
  await ask('anvil_setBalance', addressOf(0xfeed), '0x30')
  expect(await collecting).toMatchObject({ closingReason: 'Max delta timestamp' })

  await chain.sequence(node, 2) // L1 checks the time
  await follower.poll()
  const [ours, theirs] = [
    await getClosedBatch(node.db, BatchNumber(2)),
    await getClosedBatch(follower.db, BatchNumber(2)),
  ]
  expect(theirs.stateRoot).toBe(ours.stateRoot)
  expect(theirs.lastTimestamp).toBeGreaterThanOrEqual(dayLater + 5000)
  const last = await getLastBlock(node.db)
  expect((await getLastBlock(follower.db)).hash).toBe(last.hash)
  expect(Number(await ask<Hex>('eth_blockNumber'))).toBe(last.blockNumber)
}, 120_000)

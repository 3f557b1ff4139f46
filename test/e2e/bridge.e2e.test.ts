import { Contract, JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bridgeAbi } from '#contracts/abi.ts'
import { type BridgeSides, claim, proveOnL1, proveOnL2, sendEther } from '#devnet/demo/bridge.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER } from '#protocol/systemContract.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

let net: TestNetwork
let l1: JsonRpcProvider
let l2: JsonRpcProvider
let sides: BridgeSides

beforeAll(async () => {
  net = await startTestNetwork()
  const { l1RpcUrl, rpcUrl, rollupId, contracts, accounts } = net.network
  l1 = new JsonRpcProvider(l1RpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 200 })
  l2 = new JsonRpcProvider(rpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 200 })
  const { privateKey } = accounts[8]!
  sides = { l1: new Wallet(privateKey, l1), l2: new Wallet(privateKey, l2), rollupId, contracts }
})
afterAll(async () => {
  l1?.destroy()
  l2?.destroy()
  await net?.remove()
})

async function eventually<T>(find: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined
  const look = async () => {
    found = await find()
    return found !== undefined
  }
  await until(look, 120_000)
  return found as T
}

test('ether goes from L1 to L2, changes hands there, and comes back to L1 with a Merkle proof', async () => {
  const { bridge } = sides.contracts
  const alice = Wallet.createRandom(l2) // has nothing on either side
  const bob = Wallet.createRandom(l2)
  const locked = await l1.getBalance(bridge)

  // L1 → L2. The sequencer brings the new global exit root in a changeL2Block.
  const deposit = { bridge, destinationNetwork: sides.rollupId, to: alice.address, amountWei: parseEther('3') }
  const deposited = await sendEther(sides.l1, deposit)
  expect(await l1.getBalance(bridge)).toBe(locked + parseEther('3'))
  const onL2 = await eventually(() => proveOnL2(sides, deposited))
  const claimed = await claim(sides.l2, bridge, onL2)
  expect(claimed.status).toBe(1)
  expect(await l2.getBalance(alice.address)).toBe(parseEther('3'))
  await expect(claim(sides.l2, bridge, onL2)).rejects.toThrow() // once
  expect(await l2.getBalance(alice.address)).toBe(parseEther('3'))

  // On L2: what came over the bridge pays for its own gas.
  const transfer = await alice.sendTransaction({ type: 0, to: bob.address, value: parseEther('2') })
  expect((await transfer.wait())!.status).toBe(1)

  // L2 → L1. The local exit root travels with the verified batch.
  const heir = Wallet.createRandom().address
  const withdrawal = { bridge, destinationNetwork: 0, to: heir, amountWei: parseEther('1.5') }
  const withdrawn = await sendEther(bob, withdrawal)
  expect(await proveOnL1(sides, withdrawn)).toBeUndefined() // not verified yet
  const onL1 = await eventually(() => proveOnL1(sides, withdrawn))
  await claim(sides.l1, bridge, onL1)
  expect(await l1.getBalance(heir)).toBe(parseEther('1.5'))
  expect(await l1.getBalance(bridge)).toBe(locked + parseEther('1.5'))
  await expect(claim(sides.l1, bridge, onL1)).rejects.toThrow()
  const forL1 = new Contract(bridge, [...bridgeAbi], l1).getFunction('claimAsset')
  await expect(forL1.staticCall(...onL1.with(9, parseEther('1.6')))).rejects.toThrow('InvalidSmtProof')
})

test('the exit root of the bridge on L2 is the local exit root of the batch', async () => {
  const exitRoot = new Contract(sides.contracts.bridge, [...bridgeAbi], l2).getFunction('getRoot')
  const lastBatch = await call<Hex>(net.network.rpcUrl, 'zkevm_verifiedBatchNumber')
  const batch = await call<{ localExitRoot: Hex }>(net.network.rpcUrl, 'zkevm_getBatchByNumber', [lastBatch, false])
  expect(await exitRoot()).toBe(batch.localExitRoot)
  expect(await l2.getStorage(L2_GLOBAL_EXIT_ROOT_MANAGER, 1)).toBe(batch.localExitRoot)
})

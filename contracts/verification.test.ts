import { type ContractTransactionReceipt, concat, SigningKey, sha256, toBeHex, ZeroAddress, ZeroHash } from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { rollupExitTree } from '#protocol/exitTree.ts'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { L1InfoTree } from '#protocol/l1InfoTree.ts'
import { Address, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { BN254_SCALAR_FIELD, encodeSnarkInput, inputSnark } from '#protocol/snarkInput.ts'
import {
  CHAIN_ID,
  create,
  eventOf,
  eventsOf,
  expectRefusal,
  FORK_ID,
  GENESIS_ROOT,
  type L1Fixture,
  latestTimestamp,
  overwrite,
  passTime,
  read,
  regularBatch,
  rollupData,
  send,
  sequence,
  startL1,
  WEEK_SECONDS,
} from './fixture.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const ROOT = Hash(`0x${'0000000000000002'.repeat(4)}`)
const OTHER_ROOT = Hash(`0x${'0000000000000003'.repeat(4)}`)
const EXIT_ROOT = Hash(`0x${'ab'.repeat(32)}`)
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

type Claim = {
  pendingStateNum?: number
  initNumBatch?: number
  finalNewBatch?: number
  newLocalExitRoot?: Hash
  newStateRoot?: Hash
  oldStateRoot?: Hash
}

let l1: L1Fixture
let snapshot: string

beforeAll(async () => {
  l1 = await startL1()
  await sequence(l1, [regularBatch('0x0b0000000100000000'), regularBatch('0x')])
})
afterAll(() => l1?.stop())
beforeEach(async () => {
  snapshot = await l1.provider.send('evm_snapshot', [])
})
afterEach(() => l1.provider.send('evm_revert', [snapshot]))

const aggregator = () => ({ from: l1.aggregator })

async function accInputHashOf(batch: number): Promise<string> {
  const [accInputHash] = (await read(l1.manager, 'getRollupSequencedBatches', [1, batch])) as [string]
  return accInputHash
}

/** Words 0 to 6 and the signatures of the first two attesters, made apart from the node's own code. */
async function prove(claim: Claim, sender = l1.aggregator.address, signers = l1.attesters.slice(0, 2)) {
  const { initNumBatch = 0, finalNewBatch = 3, newLocalExitRoot = EXIT_ROOT, newStateRoot = ROOT } = claim
  const oldStateRoot =
    claim.oldStateRoot ?? ((await read(l1.manager, 'getRollupBatchNumToStateRoot', [1, initNumBatch])) as string)
  const oldAcc = await accInputHashOf(initNumBatch)
  const newAcc = await accInputHashOf(finalNewBatch)
  const { forkID } = await rollupData(l1)
  const head = concat([
    sender,
    ...[oldStateRoot, oldAcc],
    ...[toBeHex(initNumBatch, 8), toBeHex(CHAIN_ID, 8), toBeHex(forkID, 8)],
  ])
  const input = concat([head, newStateRoot, newAcc, newLocalExitRoot, toBeHex(finalNewBatch, 8)])
  const digest = (await read(l1.verifier, 'attestationDigest', [sha256(input)])) as string
  const words = [
    concat([sender, `0x${'00'.repeat(12)}`]),
    ...[oldStateRoot, oldAcc],
    concat([initNumBatch, CHAIN_ID, forkID, finalNewBatch].map((value) => toBeHex(value, 8))),
    ...[newStateRoot, newAcc, newLocalExitRoot],
    ...signers.flatMap((signer) => {
      const signature = new SigningKey(signer.privateKey).sign(digest)
      return [signature.r, signature.yParityAndS]
    }),
  ]
  while (words.length < 24) words.push(ZeroHash)
  return { words, input, digest }
}

function verifyArguments(claim: Claim, words: readonly string[], beneficiary = l1.aggregator.address): unknown[] {
  const { pendingStateNum = 0, initNumBatch = 0, finalNewBatch = 3 } = claim
  const { newLocalExitRoot = EXIT_ROOT, newStateRoot = ROOT } = claim
  return [1, pendingStateNum, initNumBatch, finalNewBatch, newLocalExitRoot, newStateRoot, beneficiary, words]
}

async function verify(claim: Claim = {}): Promise<ContractTransactionReceipt> {
  const { words } = await prove(claim)
  return send(l1.manager, 'verifyBatchesTrustedAggregator', verifyArguments(claim, words), aggregator())
}

async function verifyAsStranger(claim: Claim = {}): Promise<ContractTransactionReceipt> {
  const { words } = await prove(claim, l1.stranger.address)
  return send(l1.manager, 'verifyBatches', verifyArguments(claim, words), { from: l1.stranger })
}

async function refuse(error: string, claim: Claim): Promise<void> {
  const words = Array.from({ length: 24 }, () => ZeroHash)
  const call = verifyArguments(claim, words)
  await expectRefusal(error, l1.manager, 'verifyBatchesTrustedAggregator', call, aggregator())
}

describe('an attested state', () => {
  test('becomes the verified state of the rollup', async () => {
    const receipt = await verify()
    expect(eventsOf(receipt).map(({ name }) => name)).toEqual([
      ...['Transfer', 'VerifyBatches', 'UpdateL1InfoTree', 'VerifyBatchesTrustedAggregator'],
    ])
    expect([...eventOf(receipt, 'VerifyBatchesTrustedAggregator').args]).toEqual([
      ...[1n, 3n, ROOT, EXIT_ROOT, l1.aggregator.address],
    ])
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 3n, lastLocalExitRoot: EXIT_ROOT })
    expect(await read(l1.manager, 'getLastVerifiedBatch', [1])).toBe(3n)
    expect(await read(l1.manager, 'getRollupBatchNumToStateRoot', [1, 3])).toBe(ROOT)
    expect(await read(l1.manager, 'totalVerifiedBatches')).toBe(3n)
  })

  test('pays the fees of its batches to the beneficiary', async () => {
    const fees = (await read(l1.pol, 'balanceOf', [l1.deployment.rollupManager])) as bigint
    expect(await read(l1.manager, 'calculateRewardPerBatch')).toBe(fees / 3n)
    const { words } = await prove({})
    const call = verifyArguments({}, words, l1.stranger.address)
    await send(l1.manager, 'verifyBatchesTrustedAggregator', call, aggregator())
    expect(await read(l1.pol, 'balanceOf', [l1.stranger.address])).toBe((fees / 3n) * 3n)
    expect(await read(l1.manager, 'calculateRewardPerBatch')).toBe(0n)
  })

  test('updates the exit roots and appends a leaf to the L1 info tree', async () => {
    const receipt = await verify()
    const block = (await l1.provider.getBlock(receipt.blockNumber))!
    const rollupRoot = rollupExitTree([EXIT_ROOT]).root
    expect(await read(l1.manager, 'getRollupExitRoot')).toBe(rollupRoot)
    expect(await read(l1.exitRoot, 'lastRollupExitRoot')).toBe(rollupRoot)
    const root = globalExitRoot(ZERO_HASH, rollupRoot)
    expect(await read(l1.exitRoot, 'getLastGlobalExitRoot')).toBe(root)
    expect(await read(l1.exitRoot, 'globalExitRootMap', [root])).toBe(BigInt(block.parentHash))
    const tree = new L1InfoTree()
    tree.appendLeaf({ globalExitRoot: root, blockHashL1: Hash(block.parentHash), timestamp: block.timestamp })
    expect(await read(l1.exitRoot, 'getRoot')).toBe(tree.root)
  })

  test('has the snark input of the protocol', async () => {
    const expected = encodeSnarkInput({
      ...{ aggregator: Address(l1.aggregator.address), oldStateRoot: GENESIS_ROOT, oldAccInputHash: ZERO_HASH },
      ...{ initNumBatch: 0, chainId: CHAIN_ID, forkId: FORK_ID, newStateRoot: ROOT },
      ...{ newAccInputHash: Hash(await accInputHashOf(3)), newLocalExitRoot: EXIT_ROOT, finalNewBatch: 3 },
    })
    const call = [1, 0, 3, EXIT_ROOT, GENESIS_ROOT, ROOT]
    const bytes = (await read(l1.manager, 'getInputSnarkBytes', call, l1.aggregator)) as string
    expect(hexToBytes(bytes)).toEqual(expected)
    const { words } = await prove({})
    expect(await read(l1.verifier, 'verifyProof', [words, [inputSnark(expected)]])).toBe(true)
    expect(await read(l1.verifier, 'verifyProof', [words, [inputSnark(expected) ^ 1n]])).toBe(false)
  })

  test.each(Array.from({ length: 24 }, (_, word) => word))('is refused when word %i changes', async (word) => {
    const { words } = await prove({})
    for (const bit of [0n, 255n]) {
      const changed = words.with(word, toBeHex(BigInt(words[word]!) ^ (1n << bit), 32))
      const call = verifyArguments({}, changed)
      await expectRefusal('InvalidProof', l1.manager, 'verifyBatchesTrustedAggregator', call, aggregator())
    }
  })

  test.each<[string, Claim]>([
    ['newLocalExitRoot', { newLocalExitRoot: ZERO_HASH }],
    ['newStateRoot', { newStateRoot: OTHER_ROOT }],
    ['finalNewBatch', { finalNewBatch: 1 }],
  ])('is refused for another %s', async (_, claim) => {
    const { words } = await prove({})
    const call = verifyArguments(claim, words)
    await expectRefusal('InvalidProof', l1.manager, 'verifyBatchesTrustedAggregator', call, aggregator())
  })

  test('is refused from another sender than the aggregator it names', async () => {
    const { words } = await prove({}, l1.stranger.address)
    const call = verifyArguments({}, words)
    await expectRefusal('InvalidProof', l1.manager, 'verifyBatchesTrustedAggregator', call, aggregator())
  })

  test('has no snark input where no sequence ends', async () => {
    const call = [1, 2, 3, EXIT_ROOT, GENESIS_ROOT, ROOT]
    await expectRefusal('OldAccInputHashDoesNotExist', l1.manager, 'getInputSnarkBytes', call)
  })

  test('needs k different attesters in ascending order, and no more', async () => {
    const [a, b, c] = l1.attesters as [(typeof l1.attesters)[0], (typeof l1.attesters)[0], (typeof l1.attesters)[0]]
    for (const signers of [[], [a], [b, a], [a, a], [a, l1.stranger], [a, b, c]]) {
      const { words } = await prove({}, l1.aggregator.address, signers)
      const call = verifyArguments({}, words)
      await expectRefusal('InvalidProof', l1.manager, 'verifyBatchesTrustedAggregator', call, aggregator())
    }
    for (const signers of [
      [a, b],
      [a, c],
      [b, c],
    ]) {
      const { words } = await prove({}, l1.aggregator.address, signers)
      await read(l1.manager, 'verifyBatchesTrustedAggregator', verifyArguments({}, words), l1.aggregator)
    }
  })

  test('cannot be said in other words: the mirrored signature is refused', async () => {
    const { words, input } = await prove({})
    const s = BigInt(words[8]!) & ((1n << 255n) - 1n)
    const parity = BigInt(words[8]!) >> 255n
    const mirrored = words.with(8, toBeHex((SECP256K1_ORDER - s) | ((parity ^ 1n) << 255n), 32))
    const signal = BigInt(sha256(input)) % BN254_SCALAR_FIELD
    expect(await read(l1.verifier, 'verifyProof', [words, [signal]])).toBe(true)
    expect(await read(l1.verifier, 'verifyProof', [mirrored, [signal]])).toBe(false)
  })
})

describe('the set of attesters', () => {
  test('is the admin’s to change, and old signatures lapse', async () => {
    const { words, input } = await prove({})
    const signal = BigInt(sha256(input)) % BN254_SCALAR_FIELD
    const next = [l1.stranger.address, l1.attesters[1]!.address]
    await expectRefusal('OnlyAdmin', l1.verifier, 'setAttesters', [next, 1], { from: l1.stranger })
    await send(l1.verifier, 'setAttesters', [next, 1])
    expect(await read(l1.verifier, 'attesters')).toEqual(next)
    expect(await read(l1.verifier, 'isAttester', [l1.attesters[0]!.address])).toBe(false)
    expect(await read(l1.verifier, 'verifyProof', [words, [signal]])).toBe(false)
    const renewed = await prove({}, l1.aggregator.address, [l1.stranger])
    expect(await read(l1.verifier, 'verifyProof', [renewed.words, [signal]])).toBe(true)
  })

  test('takes eight signatures and refuses sets that cannot work', async () => {
    const set = Array.from({ length: 9 }, (_, index) => toBeHex(index + 1, 20))
    await send(l1.verifier, 'setAttesters', [set, 8])
    await expectRefusal('ThresholdOutOfRange', l1.verifier, 'setAttesters', [set, 9])
    await expectRefusal('ThresholdOutOfRange', l1.verifier, 'setAttesters', [set, 0])
    await expectRefusal('ThresholdOutOfRange', l1.verifier, 'setAttesters', [set.slice(0, 2), 3])
    await expectRefusal('AttesterInvalid', l1.verifier, 'setAttesters', [[set[0], set[0]], 1])
    await expectRefusal('AttesterInvalid', l1.verifier, 'setAttesters', [[ZeroAddress], 1])
  })

  test('its admin moves in two steps', async () => {
    await expectRefusal('OnlyAdmin', l1.verifier, 'transferAdmin', [ZeroAddress], { from: l1.stranger })
    await send(l1.verifier, 'transferAdmin', [l1.stranger.address])
    await expectRefusal('OnlyPendingAdmin', l1.verifier, 'acceptAdmin', [])
    await send(l1.verifier, 'acceptAdmin', [], { from: l1.stranger })
    expect(await read(l1.verifier, 'admin')).toBe(l1.stranger.address)
  })
})

describe('a verify call', () => {
  test('of a trusted aggregator needs the role', async () => {
    const call = verifyArguments({}, (await prove({})).words)
    const error = 'AddressDoNotHaveRequiredRole'
    await expectRefusal(error, l1.manager, 'verifyBatchesTrustedAggregator', call, { from: l1.stranger })
    await expectRefusal(error, l1.manager, 'overridePendingState', [1, 0, 1, 0, 3, ROOT, ROOT, call[7]])
  })

  test.each<[string, Claim]>([
    ['OldStateRootDoesNotExist', { initNumBatch: 2 }],
    ['PendingStateDoesNotExist', { pendingStateNum: 1 }],
    ['FinalNumBatchBelowLastVerifiedBatch', { finalNewBatch: 0 }],
    ['NewAccInputHashDoesNotExist', { finalNewBatch: 2 }], // within a sequence
    ['NewAccInputHashDoesNotExist', { finalNewBatch: 4 }], // not sequenced
    ['NewStateRootNotInsidePrime', { newStateRoot: Hash(`0x${'00'.repeat(24)}ffffffff00000001`) }],
    ['NewStateRootNotInsidePrime', { newStateRoot: Hash(`0xffffffff00000001${'00'.repeat(24)}`) }],
  ])('is refused with %s', async (error, claim) => {
    await refuse(error, claim)
  })

  test('is refused when its batches are verified already', async () => {
    await verify()
    await refuse('FinalNumBatchBelowLastVerifiedBatch', {})
  })

  test('may start before the last verified batch', async () => {
    await verify({ finalNewBatch: 1 })
    await verify({ initNumBatch: 0, finalNewBatch: 3, newStateRoot: OTHER_ROOT })
    expect(await read(l1.manager, 'totalVerifiedBatches')).toBe(3n)
  })

  test('may not start behind the last verified batch, even from a root that is there', async () => {
    await verify({ finalNewBatch: 3 })
    await overwrite(l1, l1.manager, ['getRollupBatchNumToStateRoot', 1, 4], ROOT)
    await refuse('InitNumBatchAboveLastVerifiedBatch', { initNumBatch: 4, finalNewBatch: 5 })
  })

  test('may not start before the last upgrade', async () => {
    await verify()
    const implementation = await create('PolygonZkEVMEtrog', await rollupAddresses(), l1.admin)
    const type = [await implementation.getAddress(), l1.deployment.verifier, 11, 0, ZeroHash, 'next fork']
    await send(l1.manager, 'addNewRollupType', type)
    await send(l1.manager, 'updateRollup', [l1.deployment.rollup, 2, '0x'])
    await sequence(l1, [regularBatch('0x')])
    await refuse('InitBatchMustMatchCurrentForkID', { finalNewBatch: 4 })
    await verify({ initNumBatch: 3, finalNewBatch: 4, newStateRoot: OTHER_ROOT })
  })

  test('still works in an emergency for the trusted aggregator only', async () => {
    await send(l1.manager, 'activateEmergencyState', [])
    const { words } = await prove({}, l1.stranger.address)
    const call = verifyArguments({}, words)
    await expectRefusal('OnlyNotEmergencyState', l1.manager, 'verifyBatches', call, { from: l1.stranger })
    await verify()
  })
})

async function rollupAddresses(): Promise<string[]> {
  const { globalExitRoot, pol, bridge, rollupManager } = l1.deployment
  return [globalExitRoot, pol, bridge, rollupManager]
}

describe('verification by anybody', () => {
  test('waits for the trusted aggregator’s time and has a size limit', async () => {
    const words = (await prove({}, l1.stranger.address)).words
    const from = { from: l1.stranger }
    const error = 'TrustedAggregatorTimeoutNotExpired'
    await expectRefusal(error, l1.manager, 'verifyBatches', verifyArguments({}, words), from)
    await sequence(
      l1,
      Array.from({ length: 999 }, () => regularBatch('0x')),
    )
    await passTime(l1, WEEK_SECONDS)
    const large = verifyArguments({ finalNewBatch: 1002 }, words)
    await expectRefusal('ExceedMaxVerifyBatches', l1.manager, 'verifyBatches', large, from)
  })

  test('is pending until its time passes, then anybody makes it final', async () => {
    await passTime(l1, WEEK_SECONDS)
    const receipt = await verifyAsStranger()
    expect([...eventOf(receipt, 'VerifyBatches').args].slice(0, 2)).toEqual([3n, ROOT]) // the rollup's own event
    expect(eventsOf(receipt).at(-1)!.fragment.inputs).toHaveLength(5)
    expect(await read(l1.manager, 'getLastVerifiedBatch', [1])).toBe(3n)
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 0n, lastPendingState: 1n })
    const pending = await read(l1.manager, 'getRollupPendingStateTransitions', [1, 1])
    expect(pending).toEqual([BigInt(await latestTimestamp(l1)), 3n, EXIT_ROOT, ROOT])

    const from = { from: l1.stranger }
    await expectRefusal('PendingStateNotConsolidable', l1.manager, 'consolidatePendingState', [1, 1], from)
    await passTime(l1, WEEK_SECONDS)
    expect(await read(l1.manager, 'isPendingStateConsolidable', [1, 1])).toBe(true)
    await expectRefusal('PendingStateInvalid', l1.manager, 'consolidatePendingState', [1, 2], from)
    const final = await send(l1.manager, 'consolidatePendingState', [1, 1], from)
    expect([...eventOf(final, 'ConsolidatePendingState').args]).toEqual([1n, 3n, ROOT, EXIT_ROOT, 1n])
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 3n, lastPendingStateConsolidated: 1n })
    await expectRefusal('PendingStateInvalid', l1.manager, 'consolidatePendingState', [1, 1], from)
  })

  test('is final at once without a pending time', async () => {
    await send(l1.manager, 'setPendingStateTimeout', [0])
    await passTime(l1, WEEK_SECONDS)
    await verifyAsStranger()
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 3n, lastPendingState: 0n })
  })

  test('can build on a pending state', async () => {
    await passTime(l1, WEEK_SECONDS)
    await verifyAsStranger({ finalNewBatch: 1 })
    const claim = { pendingStateNum: 1, initNumBatch: 1, newStateRoot: OTHER_ROOT, oldStateRoot: ROOT }
    await refuse('InitNumBatchDoesNotMatchPendingState', { ...claim, initNumBatch: 0 })
    await verifyAsStranger(claim)
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 0n, lastPendingState: 2n })
    // Sequencing consolidates: both are old, and of the two the lower is the middle.
    await passTime(l1, WEEK_SECONDS)
    const receipt = await sequence(l1, [regularBatch('0x')])
    expect(eventOf(receipt, 'ConsolidatePendingState').args['pendingStateNum']).toBe(1n)
  })

  test('is dropped by a trusted proof', async () => {
    await passTime(l1, WEEK_SECONDS)
    await verifyAsStranger({ finalNewBatch: 1 })
    await verify({ finalNewBatch: 3, newStateRoot: OTHER_ROOT })
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 3n, lastPendingState: 0n })
  })
})

describe('a second proof of a pending state', () => {
  beforeEach(async () => {
    await passTime(l1, WEEK_SECONDS)
    await verifyAsStranger()
  })

  async function distinct(claim: Claim, sender: string): Promise<unknown[]> {
    const { words } = await prove(claim, sender)
    return [1, 0, 1, 0, 3, EXIT_ROOT, claim.newStateRoot ?? ROOT, words]
  }

  test('lets the trusted aggregator replace it', async () => {
    const call = await distinct({ newStateRoot: OTHER_ROOT }, l1.aggregator.address)
    const receipt = await send(l1.manager, 'overridePendingState', call, aggregator())
    expect([...eventOf(receipt, 'OverridePendingState').args]).toEqual([
      ...[1n, 3n, OTHER_ROOT, EXIT_ROOT, l1.aggregator.address],
    ])
    expect(await read(l1.manager, 'getRollupBatchNumToStateRoot', [1, 3])).toBe(OTHER_ROOT)
    expect(await read(l1.manager, 'trustedAggregatorTimeout')).toBe(BigInt(WEEK_SECONDS))
  })

  test('lets anybody stop everything', async () => {
    const call = await distinct({ newStateRoot: OTHER_ROOT }, l1.stranger.address)
    const receipt = await send(l1.manager, 'proveNonDeterministicPendingState', call, { from: l1.stranger })
    expect([...eventOf(receipt, 'ProveNonDeterministicPendingState').args]).toEqual([ROOT, OTHER_ROOT])
    expect(await read(l1.manager, 'isEmergencyState')).toBe(true)
    expect(await read(l1.bridge, 'isEmergencyState')).toBe(true)
    await expectRefusal('OnlyNotEmergencyState', l1.manager, 'proveNonDeterministicPendingState', call)
    const consolidation = [1, 1]
    const from = { from: l1.stranger }
    await expectRefusal('OnlyNotEmergencyState', l1.manager, 'consolidatePendingState', consolidation, from)
  })

  test('must differ, match and verify', async () => {
    const method = 'overridePendingState'
    const refused = (error: string, call: readonly unknown[]) =>
      expectRefusal(error, l1.manager, method, call, aggregator())
    const same = await distinct({}, l1.aggregator.address)
    await refused('StoredRootMustBeDifferentThanNewRoot', same)
    await refused('FinalPendingStateNumInvalid', same.with(2, 2))
    await refused('FinalPendingStateNumInvalid', same.with(2, 0))
    await refused('FinalNumBatchDoesNotMatchPendingState', same.with(4, 1))
    await refused('PendingStateDoesNotExist', same.with(1, 2))
    await refused('InitNumBatchDoesNotMatchPendingState', same.with(1, 1))
    await refused('OldStateRootDoesNotExist', same.with(3, 1))
    await refused('InvalidProof', same.with(6, OTHER_ROOT))
  })
})

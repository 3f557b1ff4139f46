import { keccak256, toBeHex, toQuantity, ZeroHash } from 'ethers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { createForwarder } from '#etherman/forwarder.fixture.ts'
import { Address, BatchNumber, type Hash, type Hex } from '#protocol/primitives.ts'
import { buildFinalProof, finalDigest } from '#prover/finalProof.ts'
import { createAttester } from '#prover/signature.ts'
import type { BatchJob, Claims } from '#prover/types.ts'
import {
  attest,
  buildAttestedGenesis,
  claimsOf,
  executeWhatL1Has,
  L1_CHAIN_ID,
  transferBatch,
} from '#test/attestedChain.ts'
import { hashOf } from '#test/blocks.ts'
import { compileContracts } from './compile.ts'
import { expectRefusal, type L1Fixture, read, regularBatch, rollupData, send, sequence, startL1 } from './fixture.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const TRUSTED_AGGREGATOR_ROLE = '0x084e94f375e9d647f87f5b2ceffba1e062c70f6009fdbcf80291e803b5c9edd4'
const METHOD = 'verifyBatchesTrustedAggregator'
/** Positions of the call's arguments. */
const ARGUMENT = {
  ...{ rollupID: 0, pendingStateNum: 1, initNumBatch: 2, finalNewBatch: 3 },
  ...{ newLocalExitRoot: 4, newStateRoot: 5, beneficiary: 6, proof: 7 },
} as const

let l1: L1Fixture
/** Batches 2 and 3, which one sequence ends with; batch 1 is verified and batch 4 sequenced. */
let range: readonly [BatchJob, ...BatchJob[]]
/** Of the k attesters, and nobody has tampered with it. */
let words: readonly Hash[]

describe.each([1, 2])('a range attested by %i of three', (threshold) => {
  beforeAll(async () => {
    await compileContracts()
    const genesis = await buildAttestedGenesis()
    l1 = await startL1({ threshold, genesisRoot: genesis.root })
    for (const batches of [[0, 1], [2]])
      await sequence(
        l1,
        await Promise.all(batches.map(async (nonce) => regularBatch(bytesToHex(await transferBatch(nonce))))),
      )
    const jobs = (await executeWhatL1Has(l1, genesis)) as [BatchJob, BatchJob, BatchJob, BatchJob]
    expect(jobs.map(({ claimed }) => claimed.blocks.map(({ txCount }) => txCount))).toEqual([[1], [1], [1], [1]])
    await send(l1.manager, METHOD, callOf(claimsOf([jobs[0]]), await attested([jobs[0]])), aggregator())
    range = [jobs[1], jobs[2]]
    words = await attested(range)
  })
  afterAll(() => l1?.stop())

  const aggregator = () => ({ from: l1.aggregator })
  const domain = () => ({ l1ChainId: L1_CHAIN_ID, verifier: l1.deployment.verifier })
  const keyOf = (index: number) => l1.attesters[index]!.privateKey as Hex
  const keys = () => Array.from({ length: threshold }, (_, index) => keyOf(index))
  const sender = () => Address(l1.aggregator.address)

  const attested = async (jobs: readonly [BatchJob, ...BatchJob[]], signers = keys()) =>
    (await attest(jobs, { domain: domain(), keys: signers, aggregator: sender() })).words

  /** Attesters who sign anything, as if all of them lied or their keys were stolen. */
  function attestAnything(claims: Claims, aggregator = sender()): readonly Hash[] {
    const digest = finalDigest(domain(), claims, aggregator)
    const signatures = keys().map((key) => createAttester(key).sign(digest))
    return buildFinalProof(domain(), { claims, aggregator, signatures }).words
  }

  function callOf(claims: Claims, proof: readonly string[]): readonly unknown[] {
    const { oldBatchNumber, newBatchNumber, newLocalExitRoot, newStateRoot } = claims
    return [1, 0, oldBatchNumber, newBatchNumber, newLocalExitRoot, newStateRoot, sender(), proof]
  }
  const trueCall = (proof: readonly string[] = words) => callOf(claimsOf(range), proof)
  const changed = (field: keyof typeof ARGUMENT, value: unknown) => trueCall().with(ARGUMENT[field], value)

  /** Refused when asked, and when they are mined all the same. */
  async function refused(error: string, calls: readonly (readonly unknown[])[], from = l1.aggregator): Promise<void> {
    await Promise.all(calls.map((call) => expectRefusal(error, l1.manager, METHOD, call, { from })))
    const nonce = await from.getNonce()
    await l1.provider.send('evm_setAutomine', [false])
    const hashes = await Promise.all(
      calls.map((call, index) => {
        const data = l1.manager.interface.encodeFunctionData(METHOD, [...call])
        const place = { from: from.address, to: l1.deployment.rollupManager, nonce: toQuantity(nonce + index) }
        return l1.provider.send('eth_sendTransaction', [{ ...place, data, gas: toQuantity(500_000) }])
      }),
    )
    await l1.provider.send('evm_mine', [])
    await l1.provider.send('evm_setAutomine', [true])
    const receipts = await Promise.all(hashes.map((hash) => l1.provider.send('eth_getTransactionReceipt', [hash])))
    for (const receipt of receipts) expect(receipt).toMatchObject({ status: '0x0', logs: [] })
  }

  /** Everything that a verification writes. */
  const readFacts = async () => ({
    rollup: await rollupData(l1),
    roots: await Promise.all([1, 2, 3, 4].map((batch) => read(l1.manager, 'getRollupBatchNumToStateRoot', [1, batch]))),
    exitRoot: await read(l1.exitRoot, 'getLastGlobalExitRoot'),
    infoRoot: await read(l1.exitRoot, 'getRoot'),
    verified: await read(l1.manager, 'totalVerifiedBatches'),
    fees: await read(l1.pol, 'balanceOf', [l1.deployment.rollupManager]),
    reward: await read(l1.pol, 'balanceOf', [l1.aggregator.address]),
    time: await read(l1.manager, 'lastAggregationTimestamp'),
  })

  /** Refusals leave everything as it is, and what was not tampered with is still accepted. */
  async function refuseAll(error: string, calls: readonly (readonly unknown[])[], from = l1.aggregator): Promise<void> {
    const before = await readFacts()
    await refused(error, calls, from)
    expect(await readFacts()).toEqual(before)
    await read(l1.manager, METHOD, trueCall(), l1.aggregator)
  }

  test.each(Array.from({ length: 24 }, (_, word) => word))(
    'is refused with word %i changed in any way',
    async (word) => {
      const value = BigInt(words[word]!)
      const flipped = [0n, 7n, 64n, 100n, 191n, 254n, 255n].map((bit) => toBeHex(value ^ (1n << bit), 32))
      const replaced = [ZeroHash, keccak256(toBeHex(word, 32)), toBeHex((value + 1n) % (1n << 256n), 32)]
      const others = words.map((other, index) => words.with(index, words[word]!).with(word, other))
      const proofs = [...[...flipped, ...replaced].map((other) => words.with(word, other as Hash)), ...others]
      const tampered = proofs.filter((proof) => proof.some((other, index) => other !== words[index]))
      expect(tampered.length).toBeGreaterThan(15)
      await refuseAll(
        'InvalidProof',
        tampered.map((proof) => trueCall(proof)),
      )
    },
  )

  test.each<[keyof typeof ARGUMENT, unknown, string]>([
    ['rollupID', 0, 'OldStateRootDoesNotExist'],
    ['rollupID', 2, 'OldStateRootDoesNotExist'],
    ['pendingStateNum', 1, 'PendingStateDoesNotExist'],
    ['initNumBatch', 0, 'InvalidProof'],
    ['initNumBatch', 2, 'OldStateRootDoesNotExist'],
    ['initNumBatch', 3, 'OldStateRootDoesNotExist'],
    ['finalNewBatch', 1, 'FinalNumBatchBelowLastVerifiedBatch'],
    ['finalNewBatch', 2, 'NewAccInputHashDoesNotExist'],
    ['finalNewBatch', 4, 'InvalidProof'],
    ['finalNewBatch', 5, 'NewAccInputHashDoesNotExist'],
    ['newLocalExitRoot', hashOf(1), 'InvalidProof'],
    ['newStateRoot', hashOf(1), 'InvalidProof'],
    ['newStateRoot', ZeroHash, 'InvalidProof'],
    ['newStateRoot', `0x${'ff'.repeat(32)}`, 'NewStateRootNotInsidePrime'],
  ])('is refused with %s = %s: %s', async (field, value, error) => {
    await refuseAll(error, [changed(field, value)])
  })

  test('is refused with any bit of its roots changed in the call', async () => {
    const { newStateRoot, newLocalExitRoot } = claimsOf(range)
    for (const [field, root] of Object.entries({ newStateRoot, newLocalExitRoot }))
      await refuseAll(
        'InvalidProof',
        [0n, 63n, 64n, 130n, 250n].map((bit) =>
          changed(field as keyof typeof ARGUMENT, toBeHex(BigInt(root) ^ (1n << bit), 32)),
        ),
      )
  })

  test('is of the aggregator it names: another sender is refused, with the role and without it', async () => {
    await refuseAll('AddressDoNotHaveRequiredRole', [trueCall()], l1.stranger)
    await send(l1.manager, 'grantRole', [TRUSTED_AGGREGATOR_ROLE, l1.stranger.address])
    await refuseAll('InvalidProof', [trueCall()], l1.stranger)
    await send(l1.manager, 'revokeRole', [TRUSTED_AGGREGATOR_ROLE, l1.stranger.address])
  })

  test('is refused from a contract with the role that the aggregator has send it', async () => {
    const forwarder = await createForwarder(l1.admin)
    const role = [TRUSTED_AGGREGATOR_ROLE, await forwarder.getAddress()]
    await send(l1.manager, 'grantRole', role)
    const data = l1.manager.interface.encodeFunctionData(METHOD, [...trueCall()])
    const calls = [[{ target: l1.deployment.rollupManager, data }]]
    await expectRefusal('InvalidProof', forwarder, 'all', calls, aggregator())
    await send(l1.manager, 'revokeRole', role)
    await expectRefusal('AddressDoNotHaveRequiredRole', forwarder, 'all', calls, aggregator())
  })

  test('says nothing of who gets the reward: that is the sender’s word, as in the public contracts', async () => {
    await read(l1.manager, METHOD, changed('beneficiary', l1.stranger.address), l1.aggregator)
  })

  test.each<[keyof Claims, number | Hash]>([
    ['oldStateRoot', hashOf(1)],
    ['oldAccInputHash', hashOf(1)],
    ['oldBatchNumber', 0],
    ['chainId', 1002],
    ['forkId', 10],
    ['newStateRoot', hashOf(1)],
    ['newAccInputHash', hashOf(1)],
    ['newLocalExitRoot', hashOf(1)],
    ['newBatchNumber', 4],
  ])('is refused when all attesters sign another %s', async (field, value) => {
    const lie = { ...claimsOf(range), [field]: typeof value === 'number' ? BatchNumber(value) : value }
    const proof = attestAnything(lie)
    expect(proof).not.toEqual(words)
    await refuseAll('InvalidProof', [trueCall(proof)])
  })

  test('is refused when all attesters sign another aggregator, verifier or L1 chain', async () => {
    const claims = claimsOf(range)
    const other = async (change: object) =>
      (await attest(range, { domain: { ...domain(), ...change }, keys: keys(), aggregator: sender() })).words
    await refuseAll('InvalidProof', [
      trueCall(attestAnything(claims, Address(l1.stranger.address))),
      trueCall(await other({ verifier: l1.deployment.rollup })),
      trueCall(await other({ l1ChainId: 1 })),
    ])
  })

  const signaturesOf = (...signers: readonly number[]) =>
    Promise.all(signers.map(async (index) => (await attested(range, [keyOf(index)])).slice(7, 9)))
  const withSignatures = (signatures: readonly (readonly Hash[])[]): readonly Hash[] => {
    const opened = [...words.slice(0, 7), ...signatures.flat()]
    return [...opened, ...Array.from({ length: 24 - opened.length }, () => ZeroHash as Hash)]
  }

  test('needs its signatures: none, missing, surplus, twice, descending or of a stranger are refused', async () => {
    const [a, b, c] = (await signaturesOf(0, 1, 2)) as [Hash[], Hash[], Hash[]]
    const [stranger] = [(await attested(range, [l1.stranger.privateKey as Hex])).slice(7, 9)]
    const nothing = [ZeroHash, ZeroHash] as Hash[]
    const always = [
      [],
      [stranger],
      [stranger, stranger],
      [a, stranger],
      [stranger, a],
      [a, b, c],
      [b, a],
      [c, b],
      [c, a],
    ]
    const repeated = [
      [a, a],
      [nothing, a],
      [nothing, nothing, a, b],
    ]
    const ofOne = [
      [a, b],
      [b, c],
      [a, nothing, b],
    ]
    const ofTwo = [[a], [b], [c], [a, nothing, b], [b, nothing]]
    const all = [...always, ...repeated, ...(threshold === 1 ? ofOne : ofTwo)]
    await refuseAll(
      'InvalidProof',
      all.map((signatures) => trueCall(withSignatures(signatures))),
    )
    const good =
      threshold === 1
        ? [[a], [b], [c]]
        : [
            [a, b],
            [a, c],
            [b, c],
          ]
    for (const signatures of good) await read(l1.manager, METHOD, trueCall(withSignatures(signatures)), l1.aggregator)
  })

  test('becomes the state of the rollup, and cannot be used twice', async () => {
    const { newStateRoot, newLocalExitRoot } = claimsOf(range)
    await send(l1.manager, METHOD, trueCall(), aggregator())
    expect(await rollupData(l1)).toMatchObject({ lastVerifiedBatch: 3n, lastLocalExitRoot: newLocalExitRoot })
    expect(await read(l1.manager, 'getRollupBatchNumToStateRoot', [1, 3])).toBe(newStateRoot)
    await expectRefusal('FinalNumBatchBelowLastVerifiedBatch', l1.manager, METHOD, trueCall(), aggregator())
  })
})

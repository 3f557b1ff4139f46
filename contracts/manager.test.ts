import { id, solidityPackedKeccak256, ZeroAddress, ZeroHash } from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { rollupExitTree } from '#protocol/exitTree.ts'
import { Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { BridgeAddressTakenError, deployL1, L1DeployError } from './deploy.ts'
import {
  create,
  eventOf,
  expectRefusal,
  FORK_ID,
  GENESIS_ROOT,
  type L1Fixture,
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

const ROOT = Hash(`0x${'00'.repeat(31)}02`)
const PROOF = Array.from({ length: 24 }, () => ZeroHash)
const DAY_SECONDS = 86_400

let l1: L1Fixture
let snapshot: string

beforeAll(async () => {
  l1 = await startL1({ verifier: 'mock', pendingStateTimeoutSeconds: 0, trustedAggregatorTimeoutSeconds: 0 })
})
afterAll(() => l1?.stop())
beforeEach(async () => {
  snapshot = await l1.provider.send('evm_snapshot', [])
})
afterEach(() => l1.provider.send('evm_revert', [snapshot]))

const stranger = () => ({ from: l1.stranger })
const refused = (error: string, method: string, args: readonly unknown[]) =>
  expectRefusal(error, l1.manager, method, args)

function newType(forkId = 10, compatibility = 0): unknown[] {
  return [l1.rollup, l1.deployment.verifier, forkId, compatibility, GENESIS_ROOT, 'type']
}

function newRollup(typeId: number, chainId: number): unknown[] {
  return [typeId, chainId, l1.admin.address, l1.sequencer.address, ZeroAddress, 'http://127.0.0.1', 'two']
}

async function verify(rollupId: number, finalNewBatch: bigint, exitRoot: Hash) {
  const { lastVerifiedBatch } = await rollupData(l1, rollupId)
  const call = [rollupId, 0, lastVerifiedBatch, finalNewBatch, exitRoot, ROOT, l1.stranger.address, PROOF]
  return send(l1.manager, 'verifyBatches', call, stranger())
}

describe('rollup types and rollups', () => {
  test('the deployment registers type 1 and rollup 1', async () => {
    expect(await read(l1.manager, 'rollupTypeMap', [1])).toMatchObject({
      2: BigInt(FORK_ID),
      4: false,
      5: GENESIS_ROOT,
    })
    expect(await rollupData(l1)).toMatchObject({ chainID: 1001n, forkID: 9n, rollupTypeID: 1n, lastBatchSequenced: 1n })
    expect(await read(l1.manager, 'rollupAddressToID', [l1.deployment.rollup])).toBe(1n)
    expect(await read(l1.manager, 'chainIDToRollupID', [1001])).toBe(1n)
    expect(await read(l1.manager, 'getRollupBatchNumToStateRoot', [1, 0])).toBe(GENESIS_ROOT)
  })

  test('creating one needs a type in use and a chain id of its own', async () => {
    await refused('RollupTypeDoesNotExist', 'createNewRollup', newRollup(0, 1002))
    await refused('RollupTypeDoesNotExist', 'createNewRollup', newRollup(2, 1002))
    await refused('ChainIDAlreadyExist', 'createNewRollup', newRollup(1, 1001))
    await send(l1.manager, 'obsoleteRollupType', [1])
    await refused('RollupTypeObsolete', 'createNewRollup', newRollup(1, 1002))
    await refused('RollupTypeObsolete', 'obsoleteRollupType', [1])
    await refused('RollupTypeDoesNotExist', 'obsoleteRollupType', [9])
  })

  test('the rollup exit root is that of all rollups', async () => {
    await send(l1.manager, 'createNewRollup', newRollup(1, 1002))
    await send(l1.manager, 'createNewRollup', newRollup(1, 1003))
    const [one, three] = [Hash(id('one')), Hash(id('three'))]
    await verify(3, 1n, three)
    expect(await read(l1.manager, 'getRollupExitRoot')).toBe(rollupExitTree([ZERO_HASH, ZERO_HASH, three]).root)
    await verify(1, 1n, one)
    expect(await read(l1.manager, 'getRollupExitRoot')).toBe(rollupExitTree([one, ZERO_HASH, three]).root)
  })

  test('an existing contract can be taken in once', async () => {
    const existing = l1.stranger.address
    const call = [existing, l1.deployment.verifier, 7, 2000, ROOT, 1]
    const receipt = await send(l1.manager, 'addExistingRollup', call)
    expect([...eventOf(receipt, 'AddExistingRollup').args]).toEqual([2n, 7n, existing, 2000n, 1n, 0n])
    expect(await rollupData(l1, 2)).toMatchObject({ rollupTypeID: 0n, rollupCompatibilityID: 1n })
    await refused('ChainIDAlreadyExist', 'addExistingRollup', call)
    await refused('RollupAddressAlreadyExist', 'addExistingRollup', call.with(3, 2001))
  })

  test('an update moves a rollup to another implementation, verifier and fork', async () => {
    const { globalExitRoot, pol, bridge, rollupManager, rollup } = l1.deployment
    const next = await create('PolygonZkEVMEtrog', [globalExitRoot, pol, bridge, rollupManager], l1.admin)
    await send(l1.manager, 'addNewRollupType', newType(10).with(0, await next.getAddress()))
    await send(l1.manager, 'addNewRollupType', newType(10, 1))
    const receipt = await send(l1.manager, 'updateRollup', [rollup, 2, '0x'])
    expect([...eventOf(receipt, 'UpdateRollup').args]).toEqual([1n, 2n, 0n])
    expect(await rollupData(l1)).toMatchObject({ forkID: 10n, rollupTypeID: 2n })
    const slot = BigInt(id('eip1967.proxy.implementation')) - 1n
    const stored = await l1.provider.getStorage(rollup, slot)
    expect(BigInt(stored)).toBe(BigInt(await next.getAddress()))
    await sequence(l1, [regularBatch('0x')]) // state and callers stay

    await refused('UpdateToSameRollupTypeID', 'updateRollup', [rollup, 2, '0x'])
    await refused('UpdateNotCompatible', 'updateRollup', [rollup, 3, '0x'])
    await refused('RollupTypeDoesNotExist', 'updateRollup', [rollup, 4, '0x'])
    await refused('RollupMustExist', 'updateRollup', [l1.stranger.address, 1, '0x'])
    await send(l1.manager, 'obsoleteRollupType', [1])
    await refused('RollupTypeObsolete', 'updateRollup', [rollup, 1, '0x'])
  })

  test('only rollups record batches, and some', async () => {
    await refused('SenderMustBeRollup', 'onSequenceBatches', [1, ZeroHash])
    await l1.provider.send('anvil_impersonateAccount', [l1.deployment.rollup])
    const from = { from: l1.deployment.rollup }
    const call = l1.manager.interface.encodeFunctionData('onSequenceBatches', [0, ZeroHash])
    const answer = l1.provider.call({ to: l1.deployment.rollupManager, data: call, ...from })
    await expect(answer).rejects.toMatchObject({ data: '0x2590ccf9' }) // MustSequenceSomeBatch
  })
})

describe('roles', () => {
  test.each([
    ['ADD_ROLLUP_TYPE_ROLE', 'addNewRollupType', () => newType()],
    ['OBSOLETE_ROLLUP_TYPE_ROLE', 'obsoleteRollupType', () => [1]],
    ['CREATE_ROLLUP_ROLE', 'createNewRollup', () => newRollup(1, 1002)],
    ['ADD_EXISTING_ROLLUP_ROLE', 'addExistingRollup', () => [ZeroAddress, ZeroAddress, 1, 1, ZeroHash, 0]],
    ['UPDATE_ROLLUP_ROLE', 'updateRollup', () => [l1.deployment.rollup, 1, '0x']],
    ['TWEAK_PARAMETERS_ROLE', 'setMultiplierBatchFee', () => [1000]],
    ['TWEAK_PARAMETERS_ROLE', 'setVerifyBatchTimeTarget', () => [1]],
    ['TWEAK_PARAMETERS_ROLE', 'setPendingStateTimeout', () => [1]],
    ['TWEAK_PARAMETERS_ROLE', 'setTrustedAggregatorTimeout', () => [1]],
    ['SET_FEE_ROLE', 'setBatchFee', () => [10n ** 18n]],
    ['STOP_EMERGENCY_ROLE', 'deactivateEmergencyState', () => []],
  ] as const)('%s guards %s', async (role, method, args) => {
    await expectRefusal('AddressDoNotHaveRequiredRole', l1.manager, method, args(), stranger())
    expect(await read(l1.manager, 'hasRole', [id(role), l1.admin.address])).toBe(true)
  })

  test('are granted and revoked by their admin, and given up by oneself', async () => {
    const role = id('TRUSTED_AGGREGATOR_ROLE')
    const who = l1.stranger.address
    expect(await read(l1.manager, 'getRoleAdmin', [role])).toBe(id('TRUSTED_AGGREGATOR_ROLE_ADMIN'))
    await expectRefusal('AddressDoNotHaveRequiredRole', l1.manager, 'grantRole', [role, who], stranger())
    await send(l1.manager, 'grantRole', [role, who])
    expect(await read(l1.manager, 'hasRole', [role, who])).toBe(true)
    await refused('AccessControlOnlyCanRenounceRolesForSelf', 'renounceRole', [role, who])
    await send(l1.manager, 'renounceRole', [role, who], stranger())
    await send(l1.manager, 'grantRole', [role, who])
    await send(l1.manager, 'revokeRole', [role, who])
    expect(await read(l1.manager, 'hasRole', [role, who])).toBe(false)
  })
})

describe('parameters', () => {
  test('have bounds', async () => {
    await refused('InvalidRangeMultiplierBatchFee', 'setMultiplierBatchFee', [999])
    await refused('InvalidRangeMultiplierBatchFee', 'setMultiplierBatchFee', [1024])
    await refused('InvalidRangeBatchTimeTarget', 'setVerifyBatchTimeTarget', [DAY_SECONDS + 1])
    await refused('BatchFeeOutOfRange', 'setBatchFee', [10n ** 9n - 1n])
    await refused('BatchFeeOutOfRange', 'setBatchFee', [1000n * 10n ** 18n + 1n])
    await send(l1.manager, 'setBatchFee', [10n ** 9n])
    expect(await read(l1.manager, 'getForcedBatchFee')).toBe(10n ** 11n)
  })

  test('timeouts grow in an emergency only', async () => {
    await refused('NewPendingStateTimeoutMustBeLower', 'setPendingStateTimeout', [0])
    await refused('NewTrustedAggregatorTimeoutMustBeLower', 'setTrustedAggregatorTimeout', [0])
    await send(l1.manager, 'activateEmergencyState', [])
    await send(l1.manager, 'setPendingStateTimeout', [100])
    await send(l1.manager, 'setTrustedAggregatorTimeout', [100])
    await send(l1.manager, 'deactivateEmergencyState', [])
    await send(l1.manager, 'setPendingStateTimeout', [99])
    await send(l1.manager, 'setTrustedAggregatorTimeout', [99])
  })
})

describe('the batch fee', () => {
  const FEE = 10n ** 17n
  const feeAfter = async (late: number, early: number): Promise<bigint> => {
    for (let batch = 0; batch < late; batch++) await sequence(l1, [regularBatch('0x')])
    if (late > 0) await passTime(l1, 1900)
    if (early > 0)
      await sequence(
        l1,
        Array.from({ length: early }, () => regularBatch('0x')),
      )
    await verify(1, (await rollupData(l1)).lastBatchSequenced, ZERO_HASH)
    return (await read(l1.manager, 'getBatchFee')) as bigint
  }

  test('falls when batches are verified early', async () => {
    const divisor = (10n ** 18n * 1002n ** 4n) / 1000n ** 4n
    expect(await feeAfter(0, 3)).toBe((10n ** 18n * FEE) / divisor) // and batch 1
  })

  test('rises when they are late, by twelve steps at most', async () => {
    expect(await feeAfter(3, 1)).toBe((FEE * 1002n ** 3n) / 1000n ** 3n) // batches 1 to 4 late, 5 early
    await passTime(l1, 1)
    const before = (await read(l1.manager, 'getBatchFee')) as bigint
    expect(await feeAfter(14, 0)).toBe((before * 1002n ** 12n) / 1000n ** 12n)
  })

  test('stays within its bounds', async () => {
    await send(l1.manager, 'setBatchFee', [10n ** 9n])
    expect(await feeAfter(0, 3)).toBe(10n ** 9n)
  })
})

describe('an emergency', () => {
  test('can be called by anybody when nothing was verified for a week', async () => {
    const call: [string, string, readonly unknown[]] = ['HaltTimeoutNotExpired', 'activateEmergencyState', []]
    await passTime(l1, WEEK_SECONDS)
    await expectRefusal(call[0], l1.manager, call[1], call[2], stranger()) // nothing was ever verified
    await verify(1, 1n, ZERO_HASH)
    await expectRefusal(call[0], l1.manager, call[1], call[2], stranger())
    await passTime(l1, WEEK_SECONDS)
    await send(l1.manager, 'activateEmergencyState', [], stranger())
    expect(await read(l1.manager, 'isEmergencyState')).toBe(true)
    await send(l1.manager, 'deactivateEmergencyState', [])
    await expectRefusal(call[0], l1.manager, call[1], call[2], stranger()) // one ended within a week
  })

  test('starts and ends once, with the bridge', async () => {
    await refused('OnlyEmergencyState', 'deactivateEmergencyState', [])
    await send(l1.manager, 'activateEmergencyState', [])
    await refused('OnlyNotEmergencyState', 'activateEmergencyState', [])
    expect(await read(l1.bridge, 'isEmergencyState')).toBe(true)
    await expectRefusal('OnlyRollupManager', l1.bridge, 'activateEmergencyState', [])
    await expectRefusal('OnlyRollupManager', l1.bridge, 'deactivateEmergencyState', [])
  })
})

describe('deployL1', () => {
  const options = () => ({
    ...{ rpcUrl: l1.url, deployerKey: l1.admin.privateKey, attesters: [], threshold: 1, genesisRoot: ROOT, forkId: 9 },
    ...{ l2ChainId: 1, trustedSequencerUrl: '', networkName: '' },
    sequencerAddress: l1.deployment.pol,
    aggregatorAddress: l1.deployment.pol,
  })

  test('puts a second network on the same L1 under another salt only', async () => {
    await expect(deployL1(options())).rejects.toThrow(BridgeAddressTakenError)
    const second = await deployL1({ ...options(), verifier: 'mock', bridgeSalt: ROOT })
    expect(second.bridge).not.toBe(l1.deployment.bridge)
    expect(second.rollupId).toBe(1)
  })

  test('tells which transaction reverted', async () => {
    const deployment = deployL1({ ...options(), bridgeSalt: ROOT })
    await expect(deployment).rejects.toThrow(/label=create AttestationVerifier/)
    await expect(deployment).rejects.toThrow(L1DeployError)
  })

  test('a contract is initialized once', async () => {
    const { bridge, manager } = l1
    const six = [0, ZeroAddress, 0, ZeroAddress, ZeroAddress, '0x']
    await expectRefusal('AlreadyInitialized', bridge, 'initialize', six)
    const ten = [...[ZeroAddress, 0, 0], ...Array.from({ length: 5 }, () => ZeroAddress), 0, 0]
    await expectRefusal('AlreadyInitialized', manager, 'initialize', ten)
    const fresh = await create('PolygonRollupManager', [ZeroAddress, ZeroAddress, ZeroAddress], l1.admin)
    await expectRefusal('LegacyChainNotSupported', fresh, 'initialize', ten.with(6, l1.stranger.address))
  })

  test('exit roots come from the bridge and the manager only', async () => {
    await expectRefusal('OnlyAllowedContracts', l1.exitRoot, 'updateExitRoot', [ROOT])
    const leaf = (await read(l1.exitRoot, 'getLeafValue', [ROOT, 5, 7])) as string
    expect(leaf).toBe(solidityPackedKeccak256(['bytes32', 'uint256', 'uint64'], [ROOT, 5, 7]))
  })
})

import {
  AbiCoder,
  type Contract,
  getBytes,
  JsonRpcProvider,
  keccak256,
  MaxUint256,
  solidityPacked,
  toBeHex,
  Wallet,
  ZeroAddress,
  ZeroHash,
} from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BridgeLeaf, bridgeLeafHash, ExitTree, encodeGlobalIndex, rollupExitTree } from '#protocol/exitTree.ts'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { encodeBridgeInitialization } from '#protocol/injectedBatch.ts'
import { Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER } from '#protocol/systemContract.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import {
  contractAt,
  create,
  eventOf,
  expectRefusal,
  type L1Fixture,
  overwrite,
  read,
  rollupData,
  send,
  startL1,
} from './fixture.ts'
import { l2GenesisContracts } from './genesis.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const ROLLUP_ID = 1
const NO_PROOF = Array.from({ length: 32 }, () => ZERO_HASH)
const ROOT = Hash(`0x${'00'.repeat(31)}02`)

let l1: L1Fixture
let l2Node: Anvil
let l2: JsonRpcProvider
let l2Bridge: Contract
let l2ExitRoot: Contract
let user: Wallet
let l2User: Wallet
let snapshots: [string, string]

/** A second chain stands for the L2: no opcode after Berlin, contracts of the genesis, the first batch's call made. */
beforeAll(async () => {
  l1 = await startL1({ verifier: 'mock' })
  user = l1.stranger
  l2Node = await startAnvil({ chainId: 1001, args: ['--hardfork', 'berlin'] })
  l2 = new JsonRpcProvider(l2Node.url, undefined, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 10 })
  l2User = new Wallet(user.privateKey, l2)
  for (const { address, code, balanceWei } of l2GenesisContracts()) {
    await l2.send('anvil_setCode', [address, code])
    await l2.send('anvil_setBalance', [address, `0x${balanceWei.toString(16)}`])
  }
  const { bridge } = l1.deployment
  const data = encodeBridgeInitialization({ bridgeAddress: bridge, networkId: ROLLUP_ID })
  await (await l2User.sendTransaction({ type: 0, to: bridge, data: `0x${Buffer.from(data).toString('hex')}` })).wait()
  l2Bridge = contractAt('PolygonZkEVMBridgeV2', bridge, l2User)
  l2ExitRoot = contractAt('PolygonZkEVMGlobalExitRootL2', L2_GLOBAL_EXIT_ROOT_MANAGER, l2User)
})
afterAll(async () => {
  l2?.destroy()
  await Promise.all([l1?.stop(), l2Node?.stop()])
})
beforeEach(async () => {
  snapshots = [await l1.provider.send('evm_snapshot', []), await l2.send('evm_snapshot', [])]
})
afterEach(() => Promise.all([l1.provider.send('evm_revert', [snapshots[0]]), l2.send('evm_revert', [snapshots[1]])]))

function leafOf(change: Partial<BridgeLeaf> = {}): BridgeLeaf {
  return {
    ...{ leafType: 0, originNetwork: 0, originAddress: Address(ZeroAddress), destinationNetwork: ROLLUP_ID },
    ...{ destinationAddress: Address(user.address), amount: 10n ** 18n, metadata: new Uint8Array() },
    ...change,
  }
}

/** The executor does this when a block names an L1 info leaf. */
async function importToL2(root: Hash): Promise<void> {
  const slot = keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [root, 0]))
  await l2.send('anvil_setStorageAt', [L2_GLOBAL_EXIT_ROOT_MANAGER, slot, toBeHex(1, 32)])
}

/** Arguments of a claim of a leaf of the L1 bridge. */
function mainnetClaim(tree: ExitTree, index: number, leaf: BridgeLeaf, rollupExitRoot: Hash = ZERO_HASH): unknown[] {
  const globalIndex = encodeGlobalIndex({ isMainnet: true, rollupIndex: 0, localIndex: index })
  return [tree.proof(index), NO_PROOF, globalIndex, tree.root, rollupExitRoot, ...leafArguments(leaf)]
}

function leafArguments(leaf: BridgeLeaf): unknown[] {
  const { originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadata } = leaf
  return [originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadata]
}

async function depositEther(amount = 10n ** 18n): Promise<void> {
  const call = [ROLLUP_ID, user.address, amount, ZeroAddress, true, '0x']
  await send(l1.bridge, 'bridgeAsset', call, { from: user, value: amount })
}

/** A leaf of the L1 bridge, known on L2. */
async function importedExit(leaf: BridgeLeaf): Promise<unknown[]> {
  const tree = new ExitTree()
  tree.appendExit(leaf)
  await importToL2(globalExitRoot(tree.root, ZERO_HASH))
  return mainnetClaim(tree, 0, leaf)
}

/** Claims what the L2 bridge holds, on L1, after a verification that brought its root there. */
async function rollupClaim(tree: ExitTree, index: number, leaf: BridgeLeaf): Promise<unknown[]> {
  const { lastVerifiedBatch, lastBatchSequenced } = await rollupData(l1)
  const proof = Array.from({ length: 24 }, () => ZeroHash)
  const call = [1, 0, lastVerifiedBatch, lastBatchSequenced, tree.root, ROOT, l1.aggregator.address, proof]
  await send(l1.manager, 'verifyBatchesTrustedAggregator', call, { from: l1.aggregator })
  const rollups = rollupExitTree([tree.root])
  const mainnetExitRoot = await read(l1.exitRoot, 'lastMainnetExitRoot')
  const globalIndex = encodeGlobalIndex({ isMainnet: false, rollupIndex: 0, localIndex: index })
  return [tree.proof(index), rollups.proof(0), globalIndex, mainnetExitRoot, rollups.root, ...leafArguments(leaf)]
}

describe('the L2 side', () => {
  test('is initialized by the first batch', async () => {
    expect(await read(l2Bridge, 'networkID')).toBe(BigInt(ROLLUP_ID))
    expect(await read(l2Bridge, 'polygonRollupManager')).toBe(ZeroAddress)
    expect(Address(String(await read(l2Bridge, 'globalExitRootManager')))).toBe(L2_GLOBAL_EXIT_ROOT_MANAGER)
    expect(Address(String(await read(l2ExitRoot, 'bridgeAddress')))).toBe(l1.deployment.bridge)
  })

  test('keeps the local exit root in slot 1 and exit roots in the mapping of slot 0', async () => {
    const call = [0, user.address, 5n, ZeroAddress, true, '0x']
    await send(l2Bridge, 'bridgeAsset', call, { value: 5n })
    const tree = new ExitTree()
    tree.appendExit(leafOf({ destinationNetwork: 0, amount: 5n }))
    expect(await l2.getStorage(L2_GLOBAL_EXIT_ROOT_MANAGER, 1)).toBe(tree.root)
    expect(await read(l2ExitRoot, 'lastRollupExitRoot')).toBe(tree.root)
    await importToL2(ROOT)
    expect(await read(l2ExitRoot, 'globalExitRootMap', [ROOT])).toBe(1n)
    await expectRefusal('OnlyAllowedContracts', l2ExitRoot, 'updateExitRoot', [ROOT])
  })
})

describe('ether', () => {
  test('goes from L1 to L2 once', async () => {
    await depositEther()
    const leaf = leafOf()
    expect(await read(l1.bridge, 'getRoot')).toBe(new ExitTree([bridgeLeafHash(leaf)]).root)
    const claim = await importedExit(leaf)
    const before = await l2.getBalance(l1.deployment.bridge)
    expect(await read(l2Bridge, 'isClaimed', [0, 0])).toBe(false)
    const receipt = await send(l2Bridge, 'claimAsset', claim)
    expect([...eventOf(receipt, 'ClaimEvent').args]).toEqual([1n << 64n, 0n, ZeroAddress, user.address, 10n ** 18n])
    expect(await l2.getBalance(l1.deployment.bridge)).toBe(before - 10n ** 18n)
    expect(await read(l2Bridge, 'isClaimed', [0, 0])).toBe(true)
    await expectRefusal('AlreadyClaimed', l2Bridge, 'claimAsset', claim)
  })

  test('comes back from L2 after a verification', async () => {
    await depositEther()
    const tree = new ExitTree()
    tree.appendExit(leafOf({ destinationNetwork: 0, amount: 3n }))
    const leaf = leafOf({ destinationNetwork: 0, destinationAddress: Address(`0x${'12'.repeat(20)}`), amount: 7n })
    const index = tree.appendExit(leaf)
    const claim = await rollupClaim(tree, index, leaf)
    await send(l1.bridge, 'claimAsset', claim)
    expect(await l1.provider.getBalance(leaf.destinationAddress)).toBe(7n)
    expect(await read(l1.bridge, 'isClaimed', [1, ROLLUP_ID])).toBe(true)
    expect(await read(l1.bridge, 'isClaimed', [0, ROLLUP_ID])).toBe(false)
    expect(await read(l1.bridge, 'isClaimed', [1, 2])).toBe(false)
    await expectRefusal('AlreadyClaimed', l1.bridge, 'claimAsset', claim)
  })

  test('is not paid without a matching leaf, root and destination', async () => {
    const claim = await importedExit(leafOf())
    const refused = (error: string, call: readonly unknown[]) => expectRefusal(error, l2Bridge, 'claimAsset', call)
    await refused('InvalidSmtProof', claim.with(9, 2n))
    await refused('InvalidSmtProof', claim.with(2, (1n << 64n) | 1n))
    await refused('InvalidSmtProof', claim.with(2, 0n)) // as an exit of the first rollup
    await refused('GlobalExitRootInvalid', claim.with(3, ROOT))
    await refused('GlobalExitRootInvalid', claim.with(4, ROOT))
    await refused('DestinationNetworkInvalid', claim.with(7, 2))
    const refusing = Address(l1.deployment.bridge) // takes no plain ether
    await refused('EtherTransferFailed', await importedExit(leafOf({ destinationAddress: refusing })))
  })

  test('is not taken with another value or to the same network', async () => {
    const call = [ROLLUP_ID, user.address, 5n, ZeroAddress, true, '0x']
    await expectRefusal('AmountDoesNotMatchMsgValue', l1.bridge, 'bridgeAsset', call, { value: 4n })
    await expectRefusal('DestinationNetworkInvalid', l1.bridge, 'bridgeAsset', call.with(0, 0), { value: 5n })
    const token = call.with(3, l1.deployment.pol)
    await expectRefusal('MsgValueNotZero', l1.bridge, 'bridgeAsset', token, { value: 5n })
  })
})

describe('a token', () => {
  let token: Address
  let metadata: Uint8Array

  beforeEach(async () => {
    token = l1.deployment.pol
    await send(l1.pol, 'transfer', [user.address, 100n])
    await send(l1.pol, 'approve', [l1.deployment.bridge, MaxUint256], { from: user })
    metadata = getBytes((await read(l1.bridge, 'getTokenMetadata', [token])) as string)
  })

  test('is locked on L1, wrapped on L2, burned and unlocked', async () => {
    await send(l1.bridge, 'bridgeAsset', [ROLLUP_ID, user.address, 60n, token, true, '0x'], { from: user })
    expect(await read(l1.pol, 'balanceOf', [l1.deployment.bridge])).toBe(60n)
    expect(AbiCoder.defaultAbiCoder().decode(['string', 'string', 'uint8'], metadata)).toEqual([
      'Pol Token',
      'POL',
      18n,
    ])
    const leaf = leafOf({ originAddress: token, amount: 60n, metadata })
    expect(await read(l1.bridge, 'getRoot')).toBe(new ExitTree([bridgeLeafHash(leaf)]).root)
    const foreseen = await read(l2Bridge, 'precalculatedWrapperAddress', [0, token, 'Pol Token', 'POL', 18])
    expect(await read(l1.bridge, 'calculateTokenWrapperAddress', [0, token, token])).toBe(foreseen)

    const receipt = await send(l2Bridge, 'claimAsset', await importedExit(leaf))
    expect(eventOf(receipt, 'NewWrappedToken').args['wrappedTokenAddress']).toBe(foreseen)
    expect(await read(l2Bridge, 'getTokenWrappedAddress', [0, token])).toBe(foreseen)
    const wrapped = contractAt('TokenWrapped', String(foreseen), l2User)
    expect(await read(wrapped, 'balanceOf', [user.address])).toBe(60n)
    expect(await read(wrapped, 'symbol')).toBe('POL')
    await expect(read(wrapped, 'mint', [user.address, 1n])).rejects.toThrow('onlyBridge')

    await send(l2Bridge, 'bridgeAsset', [0, user.address, 25n, foreseen, true, '0x'])
    expect(await read(wrapped, 'totalSupply')).toBe(35n)
    const back = leafOf({ originAddress: token, destinationNetwork: 0, amount: 25n, metadata })
    const tree = new ExitTree()
    tree.appendExit(back)
    expect(await read(l2ExitRoot, 'lastRollupExitRoot')).toBe(tree.root)
    await send(l1.bridge, 'claimAsset', await rollupClaim(tree, 0, back))
    expect(await read(l1.pol, 'balanceOf', [user.address])).toBe(65n)
  })

  test('with metadata that makes no token is not wrapped', async () => {
    const claim = await importedExit(leafOf({ originAddress: token, metadata: Uint8Array.of(1, 2, 3) }))
    await expectRefusal('FailedTokenWrappedDeployment', l2Bridge, 'claimAsset', claim)
  })

  test('may be pulled by a signed permit, which must be the caller’s own', async () => {
    const permitToken = await create('TokenWrapped', ['Permit', 'PRM', 6], l1.admin)
    await send(permitToken, 'mint', [user.address, 50n])
    const address = await permitToken.getAddress()
    const domain = { name: 'Permit', version: '1', chainId: 1337, verifyingContract: address }
    const fields = ['owner address', 'spender address', 'value uint256', 'nonce uint256', 'deadline uint256']
    const types = { Permit: fields.map((field) => ({ name: field.split(' ')[0]!, type: field.split(' ')[1]! })) }
    const values = { owner: user.address, spender: l1.deployment.bridge, value: 50n, nonce: 0n, deadline: MaxUint256 }
    const signature = await user.signTypedData(domain, types, values)
    const [r, s, v] = [signature.slice(0, 66), `0x${signature.slice(66, 130)}`, `0x${signature.slice(130)}`]
    const permit = (change: object) => {
      const { owner, spender, value, deadline } = { ...values, ...change }
      return permitToken.interface.encodeFunctionData('permit', [owner, spender, value, deadline, v, r, s])
    }
    const call = (data: string) => [ROLLUP_ID, user.address, 50n, address, true, data]
    const refused = (error: string, data: string) =>
      expectRefusal(error, l1.bridge, 'bridgeAsset', call(data), { from: user })
    await refused('NotValidOwner', permit({ owner: l1.admin.address }))
    await refused('NotValidSpender', permit({ spender: l1.admin.address }))
    await refused('NotValidAmount', permit({ value: 51n }))
    await refused('NotValidSignature', `0x12345678${permit({}).slice(10)}`)
    await send(l1.bridge, 'bridgeAsset', call(permit({})), { from: user })
    expect(await read(permitToken, 'balanceOf', [l1.deployment.bridge])).toBe(50n)
  })
})

describe('a message', () => {
  test('carries ether and bytes to L2', async () => {
    const metadata = '0xc0ffee'
    await send(l1.bridge, 'bridgeMessage', [ROLLUP_ID, user.address, true, metadata], { from: user, value: 9n })
    const leaf = leafOf({
      ...{ leafType: 1, originAddress: Address(user.address), amount: 9n, metadata: getBytes(metadata) },
    })
    expect(await read(l1.bridge, 'getRoot')).toBe(new ExitTree([bridgeLeafHash(leaf)]).root)
    const claim = await importedExit(leaf)
    await expectRefusal('InvalidSmtProof', l2Bridge, 'claimAsset', claim)
    await send(l2Bridge, 'claimMessage', claim)
    await expectRefusal('AlreadyClaimed', l2Bridge, 'claimMessage', claim)
    await expectRefusal('DestinationNetworkInvalid', l2Bridge, 'claimMessage', claim.with(7, 3))
    await expectRefusal('DestinationNetworkInvalid', l1.bridge, 'bridgeMessage', [0, user.address, true, '0x'])
  })

  test('fails with its receiver', async () => {
    const claim = await importedExit(leafOf({ leafType: 1, destinationAddress: l1.deployment.bridge }))
    await expectRefusal('MessageFailed', l2Bridge, 'claimMessage', claim)
  })
})

describe('a network with a gas token', () => {
  test('holds ether as a token', async () => {
    const bridge = await create('PolygonZkEVMBridgeV2', [], l1.admin)
    const { globalExitRoot: exitRoot, pol } = l1.deployment
    const gasToken = [2, pol, 0, exitRoot, ZeroAddress, '0xaa']
    await expectRefusal('GasTokenNetworkMustBeZeroOnEther', bridge, 'initialize', [
      ...[2, ZeroAddress, 1, exitRoot, ZeroAddress, '0x'],
    ])
    await send(bridge, 'initialize', gasToken)
    const weth = contractAt('TokenWrapped', String(await read(bridge, 'WETHToken')), l1.admin)
    expect(await read(weth, 'symbol')).toBe('WETH')
    const message = [0, user.address, false, '0x']
    await expectRefusal('NoValueInMessagesOnGasTokenNetworks', bridge, 'bridgeMessage', message, { value: 1n })
    const wethMessage = [0, user.address, 1n, false, '0x']
    await expectRefusal('NativeTokenIsEther', l1.bridge, 'bridgeMessageWETH', wethMessage)

    // Ether of L1 arrives as WETH; what leaves as WETH is ether again.
    await depositEther()
    const leaf = leafOf({ destinationNetwork: 2, amount: 4n })
    const tree = new ExitTree([Hash(bridgeLeafHash(leafOf())), bridgeLeafHash(leaf)])
    await send(l1.bridge, 'bridgeAsset', [2, user.address, 4n, ZeroAddress, true, '0x'], { value: 4n })
    await send(bridge, 'claimAsset', mainnetClaim(tree, 1, leaf))
    expect(await read(weth, 'balanceOf', [user.address])).toBe(4n)
    const receipt = await send(bridge, 'bridgeAsset', [0, user.address, 3n, await weth.getAddress(), false, '0x'], {
      from: user,
    })
    expect([...eventOf(receipt, 'BridgeEvent').args].slice(0, 3)).toEqual([0n, 0n, ZeroAddress])
    expect(await read(weth, 'balanceOf', [user.address])).toBe(1n)
    await send(bridge, 'bridgeMessageWETH', wethMessage, { from: user })
    const native = await send(bridge, 'bridgeAsset', [0, user.address, 5n, ZeroAddress, false, '0x'], { value: 5n })
    const event = eventOf(native, 'BridgeEvent').args
    expect([event['originNetwork'], event['originAddress'], event['metadata']]).toEqual([
      ...[0n, await read(bridge, 'gasTokenAddress'), '0xaa'],
    ])
  })
})

describe('in an emergency', () => {
  test('nothing leaves and nothing is claimed', async () => {
    const claim = await importedExit(leafOf())
    await send(l1.manager, 'activateEmergencyState', [])
    const refused = (method: string, call: readonly unknown[]) =>
      expectRefusal('OnlyNotEmergencyState', l1.bridge, method, call)
    await refused('bridgeAsset', [1, user.address, 0n, ZeroAddress, true, '0x'])
    await refused('bridgeMessage', [1, user.address, true, '0x'])
    await refused('bridgeMessageWETH', [1, user.address, 0n, true, '0x'])
    await refused('claimAsset', claim)
    await refused('claimMessage', claim)
  })
})

test('a full tree takes no more exits', async () => {
  await overwrite(l1, l1.bridge, ['depositCount'], toBeHex(2n ** 32n - 1n, 32))
  const call = [ROLLUP_ID, user.address, 1n, ZeroAddress, false, '0x']
  await expectRefusal('MerkleTreeFull', l1.bridge, 'bridgeAsset', call, { value: 1n })
})

test('leaves are hashed as the protocol hashes them', async () => {
  const leaf = leafOf({ originNetwork: 3, metadata: Uint8Array.of(7) })
  const { leafType, originNetwork, originAddress, destinationNetwork, destinationAddress, amount } = leaf
  const call = [leafType, originNetwork, originAddress, destinationNetwork, destinationAddress, amount]
  const hash = await read(l1.bridge, 'getLeafValue', [...call, keccak256('0x07')])
  expect(hash).toBe(bridgeLeafHash(leaf))
  const types = ['uint8', 'uint32', 'address', 'uint32', 'address', 'uint256', 'bytes32']
  expect(hash).toBe(keccak256(solidityPacked(types, [...call, keccak256('0x07')]) as Hex))
})

test('the tree of exits equals the protocol’s for every count', async () => {
  const tree = new ExitTree()
  for (let count = 1; count <= 17; count++) {
    const call = [ROLLUP_ID, user.address, BigInt(count), ZeroAddress, false, '0x']
    await send(l1.bridge, 'bridgeAsset', call, { value: BigInt(count) })
    tree.appendExit(leafOf({ amount: BigInt(count) }))
    expect(await read(l1.bridge, 'getRoot')).toBe(tree.root)
  }
  const leaf = bridgeLeafHash(leafOf({ amount: 6n }))
  expect(await read(l1.bridge, 'verifyMerkleProof', [leaf, tree.proof(5), 5, tree.root])).toBe(true)
  expect(await read(l1.bridge, 'verifyMerkleProof', [leaf, tree.proof(5), 4, tree.root])).toBe(false)
})

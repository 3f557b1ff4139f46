import { type Address, type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER } from '#protocol/systemContract.ts'
import { getArtifact } from './artifacts.ts'
import { predictBridgeAddress } from './deploy.ts'

/** Native currency that the bridge pays claims from, wei: all there can ever be. */
const BRIDGE_BALANCE_WEI = 2n ** 128n - 1n

export type GenesisContract = { address: Address; code: Hex; balanceWei: bigint; nonce: bigint }

/**
 * Contracts that an L2 genesis holds, with empty storage: the bridge, at its L1 address, and the exit root contract.
 * The first transaction of the rollup's first batch initialises the bridge.
 */
export function l2GenesisContracts(bridgeSalt: Hash = ZERO_HASH): readonly GenesisContract[] {
  const bridge = predictBridgeAddress(bridgeSalt)
  const bridgeCode = getArtifact('PolygonZkEVMBridgeV2').deployedBytecode
  const exitRoot = getArtifact('PolygonZkEVMGlobalExitRootL2')
  const ranges = exitRoot.immutableReferences.flat()
  return [
    { address: bridge, code: bridgeCode, balanceWei: BRIDGE_BALANCE_WEI, nonce: 1n },
    {
      address: L2_GLOBAL_EXIT_ROOT_MANAGER,
      // Its only immutable is the bridge's address.
      code: ranges.reduce((code, range) => writeWord(code, range, bridge), exitRoot.deployedBytecode),
      balanceWei: 0n,
      nonce: 1n,
    },
  ]
}

function writeWord(code: Hex, { start, length }: { start: number; length: number }, value: Address): Hex {
  const word = value.slice(2).padStart(2 * length, '0')
  const from = 2 + 2 * start
  return `${code.slice(0, from)}${word}${code.slice(from + 2 * length)}` as Hex
}

import { AbiCoder, Interface, ZeroAddress } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import { getArtifact } from '#contracts/artifacts.ts'
import { addressOfKey } from '#executor/testing/chain.ts'
import { address } from '#executor/testing/memoryState.ts'
import { contractAddress } from '#protocol/transaction.ts'
import { type Case, SENDER_KEY } from './scenario.ts'

const SENDER = addressOfKey(SENDER_KEY)
const OTHER = address(0x0e1a)
const GAS_LIMIT = 8_000_000n

/** Compiled Solidity: a token of OpenZeppelin and the bridge with its exit tree, deployed and used by transactions. */
export function contractCases(): Case[] {
  const cases: Case[] = []
  const add = (name: string, to: string | undefined, data: string, rest: Partial<Case> = {}) =>
    cases.push({ name, accounts: {}, to, data: hexToBytes(data), gasLimit: GAS_LIMIT, ...rest })
  const deploy = (name: string, constructorArguments = '0x') => {
    const target = contractAddress(SENDER, BigInt(cases.length))
    add(`${name} is deployed`, undefined, getArtifact(name).bytecode + constructorArguments.slice(2))
    return target
  }
  const calls = (name: string, to: string) => {
    const abi = new Interface(getArtifact(name).abi)
    return (method: string, values: readonly unknown[], rest: Partial<Case> = {}) =>
      add(`${name}.${method}`, to, abi.encodeFunctionData(method, values), rest)
  }

  const token = deploy('DemoToken')
  const ofToken = calls('DemoToken', token)
  ofToken('name', [])
  ofToken('transfer', [OTHER, 10n ** 18n])
  ofToken('transfer', [OTHER, 10n ** 30n])
  ofToken('transfer', [ZeroAddress, 1n])
  ofToken('approve', [SENDER, 100n])
  ofToken('allowance', [SENDER, SENDER])
  ofToken('transferFrom', [SENDER, OTHER, 40n])
  ofToken('transferFrom', [SENDER, OTHER, 60n], { clearedSlots: 1 })
  ofToken('transferFrom', [SENDER, OTHER, 1n])
  ofToken('balanceOf', [OTHER])
  ofToken('transfer', [OTHER, 1n], { value: 1n })
  ofToken('transfer', [OTHER, 1n], { gasLimit: 30_000n })

  const bridge = deploy('PolygonZkEVMBridgeV2')
  const manager = deploy('PolygonZkEVMGlobalExitRootL2', AbiCoder.defaultAbiCoder().encode(['address'], [bridge]))
  const ofBridge = calls('PolygonZkEVMBridgeV2', bridge)
  ofBridge('initialize', [1, ZeroAddress, 0, manager, ZeroAddress, '0x'])
  ofBridge('bridgeAsset', [0, OTHER, 5n, ZeroAddress, true, '0x'], { value: 5n })
  ofBridge('bridgeAsset', [0, OTHER, 5n, ZeroAddress, true, '0x'], { value: 4n })
  ofBridge('bridgeAsset', [1, OTHER, 5n, ZeroAddress, true, '0x'], { value: 5n })
  calls('DemoToken', token)('approve', [bridge, 1000n])
  ofBridge('bridgeAsset', [0, OTHER, 700n, token, true, '0x'])
  ofBridge('bridgeMessage', [0, OTHER, true, '0x1234'], { value: 9n })
  ofBridge('getRoot', [])
  ofBridge('getTokenMetadata', [token])
  return cases
}

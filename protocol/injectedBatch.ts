import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { encodeBatchTransaction } from './batchL2Data.ts'
import { FULL_PRICE_PERCENTAGE } from './effectiveGasPrice.ts'
import { keccak256 } from './keccak.ts'
import { Address, ZERO_ADDRESS } from './primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER } from './systemContract.ts'
import type { Transaction } from './transaction.ts'

/** A signature nobody made: whatever address it recovers to sends the transaction. */
const INJECTED_R = 0x5ca1ab1e0n
const INJECTED_S = 0x5ca1ab1en
const INJECTED_GAS_LIMIT = 30_000_000n

/** What the contract of a new rollup writes into its first batch. */
export type InjectedBatchInput = {
  /** Of the L2 bridge; the same address as on L1. */
  bridgeAddress: Address
  /** Rollup id. */
  networkId: number
  /** Zero address for ether. */
  gasTokenAddress?: Address
  /** Network the gas token comes from. */
  gasTokenNetwork?: number
  /** ABI of name, symbol and decimals; empty for ether. */
  gasTokenMetadata?: Uint8Array
}

const word = (value: number) => bigIntToBytes(BigInt(value), 32)
const addressWord = (address: Address) => concatBytes(new Uint8Array(12), hexToBytes(address))

/** Call of `initialize` that the first batch makes on the L2 bridge. */
export function encodeBridgeInitialization(input: InjectedBatchInput): Uint8Array {
  const { networkId, gasTokenAddress = ZERO_ADDRESS, gasTokenNetwork = 0, gasTokenMetadata = new Uint8Array() } = input
  const signature = 'initialize(uint32,address,uint32,address,address,bytes)'
  const headSizeBytes = 6 * 32
  return concatBytes(
    keccak256(new TextEncoder().encode(signature)).subarray(0, 4),
    word(networkId),
    addressWord(gasTokenAddress),
    word(gasTokenNetwork),
    addressWord(L2_GLOBAL_EXIT_ROOT_MANAGER),
    addressWord(ZERO_ADDRESS), // the rollup manager, which L2 does not have
    word(headSizeBytes),
    word(gasTokenMetadata.length),
    gasTokenMetadata,
    new Uint8Array((32 - (gasTokenMetadata.length % 32)) % 32),
  )
}

/**
 * batchL2Data of batch 1 of a new rollup, executed as a forced batch: one transaction that initializes the L2 bridge.
 * Source: PolygonZkEVMEtrog, generateInitializeTransaction.
 */
export function encodeInjectedBatch(input: InjectedBatchInput): Uint8Array {
  const transaction: Transaction = {
    nonce: 0n,
    gasPrice: 0n,
    gasLimit: INJECTED_GAS_LIMIT,
    to: input.bridgeAddress,
    value: 0n,
    data: encodeBridgeInitialization(input),
    chainId: undefined,
    r: INJECTED_R,
    s: INJECTED_S,
    v: 27,
  }
  return encodeBatchTransaction(transaction, FULL_PRICE_PERCENTAGE)
}

/** batchL2Data of the batch an existing chain gets when it is upgraded to etrog; its chain id makes it do nothing. */
export const ETROG_UPGRADE_BATCH = encodeBatchTransaction(
  {
    nonce: 42n,
    gasPrice: 0n,
    gasLimit: 0n,
    to: Address('0x4d5cf5032b2a844602278b01199ed191a86c93ff'),
    value: 0n,
    data: new Uint8Array(),
    chainId: 4242n,
    r: INJECTED_R,
    s: INJECTED_R,
    v: 27,
  },
  FULL_PRICE_PERCENTAGE,
)

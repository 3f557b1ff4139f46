import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hexToBytes } from '#common/bytes.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { recoverSender, signingHash, type Transaction } from '#protocol/transaction.ts'
import { type BlockBuilder, type L2BlockResult, type OpenBlockInput, openBlock } from '../blockBuilder.ts'
import { buildGenesis, type GenesisAccount } from '../genesis.ts'
import { createTreeStateReader } from '../stateReader.ts'
import { WorldState } from '../worldState.ts'
import { address, COINBASE } from './memoryState.ts'

export const CHAIN_ID = 1000

/** Signs as a wallet does. @param key a number, the private key */
export function sign(transaction: Partial<Transaction>, key = 1): { transaction: Transaction; sender: Address } {
  const unsigned: Transaction = {
    nonce: 0n,
    gasPrice: 1_000_000_000n,
    gasLimit: 100_000n,
    to: address(0xdead),
    value: 0n,
    data: new Uint8Array(),
    chainId: BigInt(CHAIN_ID),
    r: 0n,
    s: 0n,
    v: 27,
    ...transaction,
  }
  const secret = hexToBytes(`0x${key.toString(16).padStart(64, '0')}`)
  const bytes = secp256k1.sign(signingHash(unsigned), secret, { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
  const signed = { ...unsigned, r, s, v: 27 + recovery! }
  return { transaction: signed, sender: recoverSender(signed) }
}

/** Address of a private key. */
export function addressOfKey(key: number): Address {
  return sign({}, key).sender
}

/** A chain in memory that makes blocks one after the other. */
export class MemoryChain {
  readonly store = new MemoryNodeStore()
  readonly codes: Map<Hash, Uint8Array>
  stateRoot: Hash
  world: WorldState

  private constructor(root: Hash, codes: Map<Hash, Uint8Array>) {
    this.stateRoot = root
    this.codes = codes
    this.world = this.#freshWorld()
  }

  static async create(accounts: readonly GenesisAccount[]): Promise<MemoryChain> {
    const { root, newNodes, changes } = await buildGenesis(accounts)
    const chain = new MemoryChain(root, changes.codes)
    chain.store.add(newNodes)
    return chain
  }

  /** A world that has seen nothing, at the newest state. */
  #freshWorld(): WorldState {
    return new WorldState(createTreeStateReader(this.store, this.stateRoot, this.codes), { maxEntries: Infinity })
  }

  open(input: Partial<OpenBlockInput> = {}): Promise<BlockBuilder> {
    return openBlock(
      {
        forkId: 9,
        chainId: CHAIN_ID,
        coinbase: address(COINBASE),
        parentStateRoot: this.stateRoot,
        opening: { kind: 'changeL2Block', deltaTimestamp: 1, timestampLimit: Number.MAX_SAFE_INTEGER },
        ...input,
      },
      { world: this.world, store: this.store },
    )
  }

  async close(builder: BlockBuilder): Promise<L2BlockResult> {
    const block = await builder.close()
    this.store.add(block.newNodes)
    for (const [hash, code] of block.stateDiff.codes) this.codes.set(hash, code)
    this.stateRoot = block.stateRoot
    return block
  }

  /** Throws away what is in memory. */
  restart(): void {
    this.world = this.#freshWorld()
  }
}

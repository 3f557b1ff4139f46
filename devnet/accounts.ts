import { HDNodeWallet, Mnemonic } from 'ethers'
import { bigIntToBytes, bytesToHex } from '#common/bytes.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { Address, type Hex } from '#protocol/primitives.ts'

export type DevAccount = { address: Address; privateKey: Hex }

const MNEMONIC = 'test test test test test test test test test test test junk'
const COUNT = 10

/**
 * The ten accounts of the test mnemonic that every Ethereum tool knows: funded on L1 by anvil and on L2 by the genesis.
 * Their keys are public: never use them elsewhere.
 */
export function devAccounts(): DevAccount[] {
  return deriveAccounts(0, COUNT)
}

/** The one after them: pays on L2 what dev_setBalance gives. */
export function faucetAccount(): DevAccount {
  return deriveAccounts(COUNT, 1)[0]!
}

/** Who attests on the local L1. The first is the role's, the others come after the faucet. */
export function attesterAccounts(count: number): DevAccount[] {
  return [l1Roles().attester, ...deriveAccounts(COUNT + 1, count - 1)]
}

function deriveAccounts(first: number, count: number): DevAccount[] {
  const parent = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), "m/44'/60'/0'/0")
  return Array.from({ length: count }, (_, index) => {
    const { address, privateKey } = parent.deriveChild(first + index)
    return { address: Address(address), privateKey: privateKey as Hex }
  })
}

/** Address of one of the accounts that `--extra-accounts` puts into the genesis. Nobody has its key. */
export function extraAccountAddress(index: number): Address {
  return bytesToHex(keccak256(bigIntToBytes(BigInt(index), 32)).subarray(12)) as Address
}

/** Who does what on the local L1. */
export function l1Roles() {
  const [deployer, sequencer, aggregator, attester] = devAccounts() as [DevAccount, DevAccount, DevAccount, DevAccount]
  return { deployer, sequencer, aggregator, attester }
}

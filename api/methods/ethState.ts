import { bytesToHex } from '#common/bytes.ts'
import { readNextNonce } from '#db/pool.ts'
import { type Address, ZERO_HASH } from '#protocol/primitives.ts'
import { getBlockByParameter } from '../blockTag.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity, word } from '../format.ts'
import { method } from '../method.ts'
import { addressParam, type BlockParameter, blockParam, optional, slotParam } from '../params.ts'
import * as schema from '../schemas.ts'

/** Accounts, code and storage, after any block. */
export const ethStateMethods = (deps: ApiDeps) => {
  const readerAt = async (block: BlockParameter | undefined) => deps.stateAt(await getBlockByParameter(deps, block))
  const readAccount = async (address: Address, block: BlockParameter | undefined) => {
    const [account] = await (await readerAt(block)).getAccounts([address])
    return account!
  }
  return [
    method({
      name: 'eth_getBalance',
      summary: 'Balance of an account, wei',
      cost: 2,
      params: [addressParam('address'), optional(blockParam('block'))],
      result: schema.quantity,
      handle: async ([address, block]) => quantity((await readAccount(address, block)).balance),
    }),
    method({
      name: 'eth_getTransactionCount',
      summary: 'Nonce of an account; pending counts its waiting transactions up to the first gap',
      cost: 2,
      params: [addressParam('address'), optional(blockParam('block'))],
      result: schema.quantity,
      handle: async ([address, block]) => {
        if (block !== 'pending') return quantity((await readAccount(address, block)).nonce)
        const inPool = await deps.sequencerNode?.ask<string>('eth_getTransactionCount', [address, 'pending'])
        return inPool ?? quantity(await readNextNonce(deps.db, address))
      },
    }),
    method({
      name: 'eth_getCode',
      summary: 'Code of a contract',
      cost: 2,
      params: [addressParam('address'), optional(blockParam('block'))],
      result: schema.bytes,
      handle: async ([address, block]) => {
        const reader = await readerAt(block)
        const [account] = await reader.getAccounts([address])
        if (account === undefined || account.codeHash === ZERO_HASH) return '0x'
        const [code] = await reader.getCodes([account.codeHash])
        return bytesToHex(code!)
      },
    }),
    method({
      name: 'eth_getStorageAt',
      summary: 'A storage word of a contract',
      cost: 2,
      params: [addressParam('address'), slotParam('slot'), optional(blockParam('block'))],
      result: schema.word,
      handle: async ([address, slot, block]) => {
        const [value] = await (await readerAt(block)).getStorage([{ address, slot }])
        return word(value!)
      },
    }),
  ]
}

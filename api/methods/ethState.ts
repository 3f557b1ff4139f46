import { bytesToHex } from '#common/bytes.ts'
import { type Address, ZERO_HASH } from '#protocol/primitives.ts'
import { getBlockByParameter } from '../chain/blockTag.ts'
import { readPendingNonce } from '../chain/pendingNonce.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidParams, RPC_CODE, RpcError } from '../errors.ts'
import { quantity, word } from '../format.ts'
import { method } from '../method.ts'
import {
  addressParam,
  type BlockParameter,
  blockParam,
  customParam,
  optional,
  parseAddress,
  parseList,
  parseObject,
  parseSlot,
  slotParam,
  slotsParam,
} from '../params.ts'
import * as schema from '../schemas.ts'

const MAX_STORAGE_VALUES = 1024

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
        return quantity(await readPendingNonce(deps, address))
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
    method({
      name: 'eth_getStorageValues',
      summary: 'Storage words of several contracts, by address',
      cost: 10,
      params: [customParam('requests', { type: 'object' }, parseStorageRequests), optional(blockParam('block'))],
      result: schema.mapOf(schema.listOf(schema.word), '^0x[0-9a-f]{40}$'),
      handle: async ([requests, block]) => {
        const values = await (await readerAt(block)).getStorage(
          requests.flatMap(({ address, slots }) => slots.map((slot) => ({ address, slot }))),
        )
        let next = 0
        return Object.fromEntries(
          requests.map(({ address, slots }) => [address, slots.map(() => word(values[next++]!))]),
        )
      },
    }),
    method({
      name: 'eth_getProof',
      summary: 'Refused: the state is no Patricia trie; zkevm_getProof proves it',
      cost: 1,
      params: [addressParam('address'), slotsParam('storageKeys'), optional(blockParam('block'))],
      result: { not: {} },
      handle: () => {
        throw new RpcError(RPC_CODE.notSupported, 'method not supported: use zkevm_getProof')
      },
    }),
  ]
}

type StorageRequest = { address: Address; slots: bigint[] }

/** @throws {RpcError} -32602 when nothing is asked for, or too much */
function parseStorageRequests(value: unknown, index: number): StorageRequest[] {
  const requests = Object.entries(parseObject(value, index)).map(([address, slots]) => ({
    address: parseAddress(address, index),
    slots: parseList(slots, index).map((slot) => parseSlot(slot, index)),
  }))
  const count = requests.reduce((sum, { slots }) => sum + slots.length, 0)
  if (count === 0) throw invalidParams('empty request')
  if (count > MAX_STORAGE_VALUES) throw invalidParams(`too many slots (max ${MAX_STORAGE_VALUES})`)
  return requests
}

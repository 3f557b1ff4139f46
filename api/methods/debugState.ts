import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { readAccountRange, readModifiedAccounts, readStorageRange } from '#db/rpc/state.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { type Address, type BlockNumber, type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { getBlockByParameter, resolveBlockNumber } from '../chain/blockTag.ts'
import { requireTransactions } from '../chain/evmBlocks.ts'
import { findBlockByHash, requireHistory } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { headerNotFound, invalidArgument, serverError } from '../errors.ts'
import { MAX_TRACE_MS } from '../evm/traceConfig.ts'
import { word } from '../format.ts'
import { method } from '../method.ts'
import {
  addressParam,
  blockNumberParam,
  blockParam,
  booleanParam,
  customParam,
  dataParam,
  hashParam,
  optional,
  slotParam,
} from '../params.ts'
import * as schema from '../schemas.ts'

/** Most accounts of one answer, and most slots of one. */
const MAX_ACCOUNTS = 256
const MAX_SLOTS = 1024

const countParam = (name: string) =>
  customParam(name, schema.integer, (value, index) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalidArgument(index, 'number expected')
    return value as number
  })

/** Whole state, piece by piece, in the form of geth. Pieces are in the order of addresses and slots, not of hashes. */
export const debugStateMethods = (deps: ApiDeps) => {
  const { db } = deps

  async function showStorage(address: Address, blockNumber: BlockNumber) {
    const slots = await readStorageRange(db, { address, blockNumber, start: 0n, limit: MAX_SLOTS })
    return Object.fromEntries(slots.map(({ slot, value }) => [word(slot), word(value)]))
  }

  async function readCode(codeHash: Hash | null, header: Parameters<ApiDeps['stateAt']>[0]): Promise<Hex> {
    if (codeHash === null) return '0x'
    const [code] = await deps.stateAt(header).getCodes([codeHash])
    return bytesToHex(code!)
  }

  return [
    method({
      name: 'debug_storageRangeAt',
      summary: 'Storage of a contract before a transaction of a block, by slot; nextKey leads on',
      cost: 200,
      params: [
        hashParam('blockHash'),
        countParam('txIndex'),
        addressParam('address'),
        slotParam('startKey'),
        countParam('limit'),
      ],
      result: schema.object({
        storage: schema.mapOf(schema.object({ key: schema.hash, value: schema.hash }), '^0x[0-9a-f]{64}$'),
        nextKey: schema.nullable(schema.hash),
      }),
      handle: async ([blockHash, txIndex, address, start, limit], { signal }) => {
        const header = await findBlockByHash(deps, blockHash)
        if (header === undefined) throw serverError('header for hash not found')
        if (header.blockNumber === 0) throw serverError('no transaction in genesis')
        requireTransactions(header, txIndex)
        const wanted = Math.min(limit, MAX_SLOTS)
        const writes = await readWrites(header, txIndex, address, signal)
        const blockNumber = (header.blockNumber - 1) as BlockNumber
        const before = await readStorageRange(db, { address, blockNumber, start, limit: wanted + 1 + writes.length })
        const rows = applyWrites(before, writes, start)
        const storage = rows.slice(0, wanted).map(({ slot, value }) => {
          const key = word(slot)
          return [keccakHex(hexToBytes(key)), { key, value: word(value) }]
        })
        const next = rows[wanted]
        return { storage: Object.fromEntries(storage), nextKey: next === undefined ? null : word(next.slot) }
      },
    }),
    method({
      name: 'debug_accountRange',
      summary: 'Accounts after a block, by address; next leads on',
      cost: 20,
      params: [
        blockParam('block'),
        optional(dataParam('start')),
        optional(countParam('maxResults')),
        optional(booleanParam('noCode')),
        optional(booleanParam('noStorage')),
        optional(booleanParam('incompletes')),
      ],
      result: schema.object(
        {
          root: schema.hash,
          accounts: schema.mapOf(
            schema.object(
              {
                balance: schema.text,
                nonce: schema.integer,
                codeHash: schema.hash,
                address: schema.address,
                key: schema.hash,
              },
              { code: schema.bytes, storage: schema.mapOf(schema.hash) },
            ),
            '^0x[0-9a-f]{40}$',
          ),
        },
        { next: schema.bytes },
      ),
      handle: async ([block, start = '0x', maxResults = MAX_ACCOUNTS, noCode = false, noStorage = false]) => {
        const header = await getBlockByParameter(deps, block)
        const { blockNumber } = header
        const first = start.slice(0, 42).padEnd(42, '0') as Address
        const wanted = Math.min(maxResults, MAX_ACCOUNTS)
        const rows = await readAccountRange(db, { blockNumber, start: first, limit: wanted + 1 })
        const accounts = await Promise.all(
          rows.slice(0, wanted).map(async ({ address, nonce, balance, codeHash }) => ({
            balance: String(balance),
            nonce,
            codeHash: codeHash ?? ZERO_HASH,
            ...(noCode ? {} : { code: await readCode(codeHash, header) }),
            ...(noStorage ? {} : { storage: await showStorage(address, blockNumber) }),
            address,
            key: keccakHex(hexToBytes(address)),
          })),
        )
        const next = rows[wanted]?.address
        return {
          root: header.stateRoot,
          accounts: Object.fromEntries(accounts.map((account) => [account.address, account])),
          ...(next === undefined ? {} : { next }),
        }
      },
    }),
    method({
      name: 'debug_getModifiedAccountsByNumber',
      summary: 'Accounts that the blocks after the first up to the second changed; those of one block when it is alone',
      cost: 20,
      params: [blockNumberParam('startBlock'), optional(blockNumberParam('endBlock'))],
      result: schema.listOf(schema.address),
      handle: async ([start, end]) => {
        const from = await getBlockNumber(start)
        if (end === undefined) return await readModifiedAccounts(db, { after: from - 1, to: from })
        const to = await getBlockNumber(end)
        if (from >= to) throw serverError(`start block height (${from}) must be less than end block height (${to})`)
        return await readModifiedAccounts(db, { after: from, to })
      },
    }),
  ]

  /** What a block wrote to a contract before a transaction. */
  async function readWrites(header: HeaderRow, txCount: number, address: Address, signal: AbortSignal | undefined) {
    const { blockNumber, hash } = header
    const { forkId } = await deps.evmBlock(header)
    const request = { blockNumber, hash, forkId, txCount, address }
    return await deps.evm.run('storageWrites', request, { timeoutMs: MAX_TRACE_MS, signal })
  }

  async function getBlockNumber(block: Parameters<typeof resolveBlockNumber>[1]): Promise<number> {
    const number = await resolveBlockNumber(deps, block)
    if (number === undefined || number > deps.head.latest.blockNumber) throw headerNotFound()
    requireHistory(deps, number)
    return number
  }
}

type SlotValue = { slot: bigint; value: bigint }

/** Slots from `start` on as they are after these writes, ascending; zeros are no slots. */
function applyWrites(before: readonly SlotValue[], writes: readonly SlotValue[], start: bigint): SlotValue[] {
  const values = new Map(before.map(({ slot, value }) => [slot, value]))
  for (const { slot, value } of writes) if (slot >= start) values.set(slot, value)
  return [...values]
    .map(([slot, value]) => ({ slot, value }))
    .filter(({ value }) => value !== 0n)
    .sort((a, b) => (a.slot < b.slot ? -1 : 1))
}

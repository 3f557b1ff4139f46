import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { bytesToHex } from '#common/bytes.ts'
import { readAccountRange, readStorageRange } from '#db/rpc/state.ts'
import type { Address, BlockNumber, Hash, Hex } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { RPC_CODE, RpcError } from '../errors.ts'
import { quantity, word } from '../format.ts'

const PAGE = 1000
/** Accounts and slots together: about 20 MB of JSON. */
const MAX_ENTRIES = 100_000

type DumpedAccount = { nonce: number; balance: Hex; code: Hex; storage: Record<Hex, Hex> }

const tooLarge = () =>
  new RpcError(
    RPC_CODE.tooLarge,
    `refused: the state has more than ${MAX_ENTRIES} accounts and slots; read it by piece with debug_accountRange`,
  )

/** The state after the newest block as anvil writes it: hex of compressed JSON, which anvil_loadState of anvil takes. */
export async function dumpState(deps: ApiDeps, signal: AbortSignal | undefined): Promise<Hex> {
  const { latest } = deps.head
  const accounts: Record<Address, DumpedAccount> = {}
  let entries = 0
  const count = (added: number) => {
    signal?.throwIfAborted()
    entries += added
    if (entries > MAX_ENTRIES) throw tooLarge()
  }
  for await (const rows of accountPages(deps, latest.blockNumber)) {
    count(rows.length)
    for (const { address, nonce, balance, codeHash } of rows) {
      const code = await readCode(deps, codeHash)
      const storage: DumpedAccount['storage'] = {}
      for await (const slots of storagePages(deps, address, latest.blockNumber)) {
        count(slots.length)
        for (const { slot, value } of slots) storage[word(slot)] = word(value)
      }
      accounts[address] = { nonce, balance: quantity(balance), code, storage }
    }
  }
  const state = { block: null, accounts, best_block_number: quantity(latest.blockNumber), blocks: [], transactions: [] }
  return bytesToHex(await promisify(gzip)(JSON.stringify(state))) as Hex
}

async function readCode({ stateAt, head }: ApiDeps, codeHash: Hash | null): Promise<Hex> {
  if (codeHash === null) return '0x'
  const [code] = await stateAt(head.latest).getCodes([codeHash])
  return bytesToHex(code!)
}

async function* accountPages({ db }: ApiDeps, blockNumber: BlockNumber) {
  let start = `0x${'0'.repeat(40)}` as Address
  for (;;) {
    const rows = await readAccountRange(db, { blockNumber, start, limit: PAGE + 1 })
    yield rows.slice(0, PAGE)
    const next = rows[PAGE]
    if (next === undefined) return
    start = next.address
  }
}

async function* storagePages({ db }: ApiDeps, address: Address, blockNumber: BlockNumber) {
  let start = 0n
  for (;;) {
    const slots = await readStorageRange(db, { address, blockNumber, start, limit: PAGE + 1 })
    yield slots.slice(0, PAGE)
    const next = slots[PAGE]
    if (next === undefined) return
    start = next.slot
  }
}

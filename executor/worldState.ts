import { balanceKey, codeHashKey, codeLengthKey, nonceKey, storageKey } from '#merkletree/keys.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import type { TreeChange } from '#merkletree/tree.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { Code, EMPTY_CODE } from './code.ts'
import type { Account, StateReader } from './stateReader.ts'
import { hashToWord } from './words.ts'

/** What a block changed in the world: every account and slot whose value differs after it, and the code it brought. */
export type StateDiff = {
  accounts: Map<Address, Account>
  storage: { address: Address; slot: bigint; value: bigint }[]
  codes: Map<Hash, Uint8Array>
}

/**
 * Something is not in memory yet. Thrown by the synchronous reads before anything has changed; the outer loop awaits
 * `WorldState.load` and does the same thing again.
 */
export class StateMiss {
  readonly addresses: readonly Address[]
  readonly slot: Slot | undefined
  readonly codeHash: Hash | undefined

  constructor(addresses: readonly Address[], slot?: Slot, codeHash?: Hash) {
    this.addresses = addresses
    this.slot = slot
    this.codeHash = codeHash
  }
}

/** Addresses 1 to 9. */
const PRECOMPILE_PATTERN = /^0x0{39}[1-9]$/

/** An account in memory. Read freely; write only through the WorldState, which can take it back. */
export class AccountState implements Account {
  readonly address: Address
  nonce: bigint
  balance: bigint
  codeHash: Hash
  codeSize: number
  readonly slots = new Map<bigint, Slot>()
  /** Serial number of the transaction that warmed it last (EIP-2929). */
  warmIn = 0
  /** Precompiles are warm from the start of every transaction, without being read. */
  readonly isAlwaysWarm: boolean
  /** Values before the block, once the block has written to it. */
  beforeBlock: Account | undefined

  constructor(address: Address, { nonce, balance, codeHash, codeSize }: Account) {
    this.address = address
    this.nonce = nonce
    this.balance = balance
    this.codeHash = codeHash
    this.codeSize = codeSize
    this.isAlwaysWarm = PRECOMPILE_PATTERN.test(address)
  }

  get isEmpty(): boolean {
    return this.nonce === 0n && this.balance === 0n && this.codeHash === ZERO_HASH
  }
}

/** A storage word in memory. Read freely; write only through the WorldState. */
export class Slot {
  readonly account: AccountState
  readonly key: bigint
  /** undefined until loaded. */
  value: bigint | undefined
  warmIn = 0
  /** Value before the transaction `originalIn`, which wrote to it. */
  original = 0n
  originalIn = 0
  beforeBlock: bigint | undefined

  constructor(account: AccountState, key: bigint) {
    this.account = account
    this.key = key
  }
}

/** Is told of what a transaction uses: before each first change, and when something becomes warm, at the latest. */
export interface WorldObserver {
  /** May be told of the same account again. */
  onAccount?(account: AccountState): void
  /** May be told of the same slot again. */
  onSlot?(slot: Slot & { value: bigint }): void
}

/** Accounts and slots kept in memory from block to block. A slot takes about 250 bytes. */
const DEFAULT_CACHE_ENTRIES = 200_000
/** Contract code kept in memory, bytes. */
const DEFAULT_CODE_CACHE_BYTES = 64 * 1024 * 1024

/**
 * The world as the executor sees it: what was read from a `StateReader`, what was written since, and a journal to take
 * writes back. Reads are synchronous and throw `StateMiss`. What was read and written stays in memory across blocks.
 * A bounded cache asks the reader again for what it dropped, which happens in `beginBlock` only: by then the reader has
 * to answer with the state after the blocks committed here. With `maxEntries: Infinity` nothing is ever dropped, and the
 * reader stays at the state it began with.
 */
export class WorldState {
  #reader: StateReader
  #accounts = new Map<Address, AccountState>()
  #olderAccounts = new Map<Address, AccountState>()
  #entries = 0
  readonly #maxEntries: number
  #codes = new Map<Hash, Code>()
  #codeBytes = 0
  readonly #journal: (() => void)[] = []
  #touchedAccounts: AccountState[] = []
  #touchedSlots: Slot[] = []
  #newCodes = new Map<Hash, Uint8Array>()
  #transaction = 0
  #warmed = 0
  #observer: WorldObserver | undefined

  constructor(reader: StateReader, { maxEntries = DEFAULT_CACHE_ENTRIES }: { maxEntries?: number } = {}) {
    this.#reader = reader
    this.#maxEntries = maxEntries
  }

  // ------------------------------------------------------------------------------------------------------------ reads

  /** @throws {StateMiss} */
  account(address: Address): AccountState {
    const account = this.#findAccount(address)
    if (account === undefined) throw new StateMiss([address])
    return account
  }

  /** Loaded slot of a loaded account. @throws {StateMiss} */
  slot(account: AccountState, key: bigint): Slot & { value: bigint } {
    const slot = account.slots.get(key)
    if (slot?.value === undefined) throw new StateMiss([], slot ?? new Slot(account, key))
    return slot as Slot & { value: bigint }
  }

  /** @throws {StateMiss} */
  code(account: AccountState): Code {
    if (account.codeHash === ZERO_HASH) return EMPTY_CODE
    const code = this.#codes.get(account.codeHash)
    if (code === undefined) throw new StateMiss([], undefined, account.codeHash)
    return code
  }

  /** Value the slot had when the transaction began. */
  originalValue(slot: Slot & { value: bigint }): bigint {
    return slot.originalIn === this.#transaction ? slot.original : slot.value
  }

  // ------------------------------------------------------------------------------------------------------------ loads

  /** Brings in what a read missed. */
  async load({ addresses, slot, codeHash }: StateMiss): Promise<void> {
    if (slot !== undefined) await this.prefetchSlots([{ address: slot.account.address, slot: slot.key }])
    if (codeHash !== undefined) await this.prefetchCodes([codeHash])
    await this.prefetchAccounts(addresses)
  }

  /** Brings in accounts that are not in memory, in one round trip. */
  async prefetchAccounts(addresses: Iterable<Address>): Promise<void> {
    const missing = [...new Set(addresses)].filter((address) => this.#findAccount(address) === undefined)
    if (missing.length === 0) return
    const found = await this.#reader.getAccounts(missing)
    for (const [index, address] of missing.entries()) this.#keepAccount(new AccountState(address, found[index]!))
  }

  /** Brings in code that is not in memory, in one round trip. */
  async prefetchCodes(codeHashes: Iterable<Hash>): Promise<void> {
    const missing = [...new Set(codeHashes)].filter((hash) => hash !== ZERO_HASH && !this.#codes.has(hash))
    if (missing.length === 0) return
    const found = await this.#reader.getCodes(missing)
    for (const [index, hash] of missing.entries()) this.#keepCode(hash, new Code(found[index]!))
  }

  /** Code by hash, brought in where it is not in memory. */
  async readCodes(codeHashes: Iterable<Hash>): Promise<[Hash, Uint8Array][]> {
    const hashes = [...codeHashes]
    await this.prefetchCodes(hashes)
    return hashes.map((hash) => [hash, this.#codes.get(hash)!.bytes])
  }

  /** Brings in slots that are not in memory, in one round trip (two when their accounts are missing too). */
  async prefetchSlots(keys: readonly { address: Address; slot: bigint }[]): Promise<void> {
    await this.prefetchAccounts(keys.map(({ address }) => address))
    const missing = keys.filter(({ address, slot }) => this.account(address).slots.get(slot)?.value === undefined)
    if (missing.length === 0) return
    const found = await this.#reader.getStorage(missing)
    for (const [index, { address, slot: key }] of missing.entries()) {
      const account = this.account(address)
      const slot = account.slots.get(key) ?? new Slot(account, key)
      slot.value ??= found[index]!
      account.slots.set(key, slot)
      this.#entries++
    }
  }

  /** Accounts, then the code of those named: what a list of transactions needs before its first instruction. */
  async prefetch(addresses: Iterable<Address>, codeOf: Iterable<Address>): Promise<void> {
    const owners = [...codeOf]
    await this.prefetchAccounts([...addresses, ...owners])
    await this.prefetchCodes(owners.map((address) => this.account(address).codeHash))
  }

  // ----------------------------------------------------------------------------------------------------------- writes

  setBalance(account: AccountState, balance: bigint): void {
    this.#touch(account)
    const before = account.balance
    this.#journal.push(() => {
      account.balance = before
    })
    account.balance = balance
  }

  setNonce(account: AccountState, nonce: bigint): void {
    this.#touch(account)
    const before = account.nonce
    this.#journal.push(() => {
      account.nonce = before
    })
    account.nonce = nonce
  }

  /** Empty code leaves no trace, as the tree stores none. */
  setCode(account: AccountState, code: Uint8Array): void {
    this.#touch(account)
    const { codeHash, codeSize } = account
    this.#journal.push(() => {
      account.codeHash = codeHash
      account.codeSize = codeSize
    })
    account.codeSize = code.length
    account.codeHash = code.length === 0 ? ZERO_HASH : linearPoseidon(code)
    if (code.length === 0 || this.#codes.has(account.codeHash)) {
      if (code.length > 0) this.#newCodes.set(account.codeHash, this.#codes.get(account.codeHash)!.bytes)
      return
    }
    const kept = new Code(code)
    this.#keepCode(account.codeHash, kept)
    this.#newCodes.set(account.codeHash, kept.bytes)
  }

  setStorage(slot: Slot & { value: bigint }, value: bigint): void {
    this.#observer?.onSlot?.(slot)
    const { value: before, original, originalIn } = slot
    if (slot.beforeBlock === undefined) {
      slot.beforeBlock = before
      this.#touchedSlots.push(slot)
    }
    if (originalIn !== this.#transaction) {
      slot.original = before
      slot.originalIn = this.#transaction
    }
    this.#journal.push(() => {
      slot.value = before
      slot.original = original
      slot.originalIn = originalIn
    })
    slot.value = value
  }

  // -------------------------------------------------------------------------------------------- warmth and checkpoints

  /** Forgets what is warm and what storage was before: both are per transaction. */
  beginTransaction(): void {
    this.#transaction++
    this.#warmed = 0
  }

  /** From here on, or with undefined nobody, is told of what is used. */
  observe(observer: WorldObserver | undefined): void {
    this.#observer = observer
  }

  /** How often something became warm in this transaction, what was taken back included. */
  get warmed(): number {
    return this.#warmed
  }

  /** EIP-2929. Whether the account was cold; it is warm now, until the journal takes that back. */
  warmAccount(account: AccountState): boolean {
    this.#observer?.onAccount?.(account)
    const before = account.warmIn
    if (before === this.#transaction || account.isAlwaysWarm) return false
    this.#journal.push(() => {
      account.warmIn = before
    })
    account.warmIn = this.#transaction
    this.#warmed++
    return true
  }

  warmSlot(slot: Slot & { value: bigint }): boolean {
    this.#observer?.onSlot?.(slot)
    const before = slot.warmIn
    if (before === this.#transaction) return false
    this.#journal.push(() => {
      slot.warmIn = before
    })
    slot.warmIn = this.#transaction
    this.#warmed++
    return true
  }

  /** A point to come back to. Costs nothing. */
  checkpoint(): number {
    return this.#journal.length
  }

  /** Undoes every write since the checkpoint, the latest first. */
  revertTo(checkpoint: number): void {
    const journal = this.#journal
    while (journal.length > checkpoint) journal.pop()!()
  }

  // ------------------------------------------------------------------------------------------------------------ blocks

  /** What has changed since the last `commitBlock`, as rows and as leaves of the state tree. */
  changes(): { diff: StateDiff; treeChanges: TreeChange[] } {
    const diff: StateDiff = { accounts: new Map(), storage: [], codes: new Map() }
    const treeChanges: TreeChange[] = []
    for (const account of this.#touchedAccounts) {
      const { address, nonce, balance, codeHash, codeSize } = account
      const before = account.beforeBlock!
      const count = treeChanges.length
      if (balance !== before.balance) treeChanges.push({ key: balanceKey(address), value: balance })
      if (nonce !== before.nonce) treeChanges.push({ key: nonceKey(address), value: nonce })
      if (codeHash !== before.codeHash) {
        treeChanges.push({ key: codeHashKey(address), value: hashToWord(codeHash) })
        treeChanges.push({ key: codeLengthKey(address), value: BigInt(codeSize) })
        const code = this.#newCodes.get(codeHash)
        if (code !== undefined) diff.codes.set(codeHash, code)
      }
      if (treeChanges.length > count) diff.accounts.set(address, { nonce, balance, codeHash, codeSize })
    }
    for (const { account, key, value, beforeBlock } of this.#touchedSlots) {
      if (value === undefined || value === beforeBlock) continue
      treeChanges.push({ key: storageKey(account.address, key), value })
      diff.storage.push({ address: account.address, slot: key, value })
    }
    return { diff, treeChanges }
  }

  /** Drops what the cache has no room for. The reader must know all blocks committed so far. */
  beginBlock(): void {
    this.#trim()
    this.beginTransaction()
  }

  /** The block is final for this object: its writes can no longer be taken back here. */
  commitBlock(): void {
    this.#journal.length = 0
    this.#forgetTouched()
  }

  /** Undoes every write since the last `commitBlock`. */
  discardBlock(): void {
    this.revertTo(0)
    this.#forgetTouched()
  }

  #forgetTouched(): void {
    for (const account of this.#touchedAccounts) account.beforeBlock = undefined
    for (const slot of this.#touchedSlots) slot.beforeBlock = undefined
    this.#touchedAccounts = []
    this.#touchedSlots = []
    this.#newCodes = new Map()
  }

  #touch(account: AccountState): void {
    this.#observer?.onAccount?.(account)
    if (account.beforeBlock !== undefined) return
    const { nonce, balance, codeHash, codeSize } = account
    account.beforeBlock = { nonce, balance, codeHash, codeSize }
    this.#touchedAccounts.push(account)
  }

  // ------------------------------------------------------------------------------------------------------------- cache

  #findAccount(address: Address): AccountState | undefined {
    const account = this.#accounts.get(address)
    if (account !== undefined) return account
    const older = this.#olderAccounts.get(address)
    if (older !== undefined) this.#keepAccount(older)
    return older
  }

  #keepAccount(account: AccountState): void {
    this.#accounts.set(account.address, account)
    this.#entries += 1 + account.slots.size
  }

  #keepCode(hash: Hash, code: Code): void {
    this.#codes.set(hash, code)
    this.#codeBytes += code.sizeBytes
  }

  /** Two generations: what was not used while the younger one filled up is dropped. Only between blocks. */
  #trim(): void {
    if (this.#entries > this.#maxEntries / 2) {
      this.#olderAccounts = this.#accounts
      this.#accounts = new Map()
      this.#entries = 0
    }
    if (this.#codeBytes > DEFAULT_CODE_CACHE_BYTES && this.#maxEntries !== Number.POSITIVE_INFINITY) {
      this.#codes = new Map()
      this.#codeBytes = 0
    }
  }
}

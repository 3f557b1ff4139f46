import { CONTRACT, code, type MemoryAccount } from './memoryState.ts'

export type Part = number | string
export type Accounts = Record<number, MemoryAccount>

/** A CALL, STATICCALL or DELEGATECALL without data, given all gas unless said otherwise. */
export const callTo = (to: string, { opcode = 0xf1, gas = 0x5a as Part, value = 0x5f as Part } = {}): Part[] => [
  ...[0x5f, 0x5f, 0x5f, 0x5f, ...(opcode === 0xf1 ? [value] : []), to, gas],
  opcode,
]
/** Reverts when the word on the stack is zero. */
export const REQUIRE: Part[] = [0x58, '08', 0x01, 0x57, 0x5f, 0x5f, 0xfd, 0x5b]
export const store = (slot: string, value: Part): Part[] => [value, slot, 0x55]
/** CREATE or CREATE2 of five bytes of init code. */
export const create = (initCode: string, opcode = 0xf0): Part[] => [
  ...[initCode, 0x5f, 0x52, ...(opcode === 0xf5 ? [0x5f] : []), '05', '1b', 0x5f],
  opcode,
]

const OTHER = '1234'
const other = (...parts: readonly Part[]): Accounts => ({ 4660: { code: code(...parts) } })
const CONTRACTS: Record<
  string,
  { parts: Part[]; accounts?: Accounts; balance?: bigint; storage?: Record<string, bigint> }
> = {
  'a store': { parts: store('01', '02') },
  'a refund': { parts: [...store('01', 0x5f)], storage: { '1': 7n } },
  'a refund of the same transaction': { parts: [...store('01', '02'), ...store('01', 0x5f)] },
  'a call that needs one 64th held back': {
    parts: [...callTo(OTHER), ...REQUIRE],
    accounts: other(...store('01', '02'), ...store('02', '02')),
  },
  'calls in calls': {
    parts: [...callTo('2345'), ...REQUIRE],
    accounts: {
      ...other(...store('01', '02')),
      9029: { code: code(...callTo(OTHER), ...REQUIRE, ...store('05', '01')) },
    },
  },
  'a transfer to a new account': { parts: [...callTo('9999', { value: '01' }), ...REQUIRE], balance: 5n },
  'a transfer with the stipend alone': {
    parts: [...callTo(OTHER, { value: '01', gas: 0x5f }), ...REQUIRE],
    accounts: other(0x5f, 0x5f, 0xa0),
    balance: 5n,
  },
  'a transfer nobody can pay': { parts: callTo(OTHER, { value: '01', gas: 0x5f }) },
  'a call with a fixed gas': {
    parts: [...callTo(OTHER, { gas: 'ffff' }), ...REQUIRE],
    accounts: other(...store('01', '02')),
  },
  'an inner revert that is caught': {
    parts: [...callTo(OTHER), 0x50, ...store('01', '01')],
    accounts: other(...store('01', '02'), 0x5f, 0x5f, 0xfd),
  },
  'a delegate call': {
    parts: [...callTo(OTHER, { opcode: 0xf4 }), ...REQUIRE],
    accounts: other(...store('01', '02')),
  },
  'CREATE of code': { parts: [...create('60015ff300'), ...REQUIRE] },
  'CREATE2 of code': { parts: [...create('60015ff300', 0xf5), ...REQUIRE] },
  'a call with more value than there is': {
    parts: [...callTo('9999', { value: '09' }), 0x50, ...store('01', '01')],
    balance: 5n,
  },
  SELFDESTRUCT: { parts: ['9999', 0xff], balance: 5n },
  'a hash of much memory': { parts: ['3fff', 0x5f, 0x20] },
  'a precompile': { parts: [...callTo('02'), ...REQUIRE] },
}

/** States in which a call of CONTRACT needs gas in a way of its own, and always the same. */
export const GAS_ZOO: Record<string, Accounts> = Object.fromEntries(
  Object.entries(CONTRACTS).map(([name, { parts, accounts = {}, balance = 0n, storage = {} }]) => [
    name,
    { ...accounts, [CONTRACT]: { code: code(...parts), balance, storage } },
  ]),
)

const looker = (...parts: Part[]): Accounts => ({
  ...other(...store('01', '02')),
  [CONTRACT]: { code: code(...parts) },
})
/** The same for contracts that look at the gas they have. */
export const GAS_LOOKERS: Record<string, Accounts> = {
  'a contract that wants some gas left': looker(0x5a, '0f4240', 0x10, ...REQUIRE),
  'a contract that stores what gas is left': looker(...store('01', 0x5a)),
  'a contract that gives a call a share of its gas': looker(
    ...[...callTo(OTHER).slice(0, -2), '02', 0x5a, 0x04, 0xf1],
    ...REQUIRE,
  ),
  'a contract that burns what it has': looker(0x5b, '5000', 0x5a, 0x11, 0x5f, 0x57),
}

import { address, code } from '#executor/testing/memoryState.ts'
import { contractAddress } from '#protocol/transaction.ts'
import { REPORT } from './callCases.ts'
import { type Draft, hex, type Program } from './opcodeCases.ts'
import type { Case } from './scenario.ts'

const ZERO = '00'
const MAX_CODE_SIZE = 24_576
const returns = (length: number): Program => [hex(length), ZERO, 0xf3]

const INIT_CODES: Record<string, Program> = {
  'no init code': [],
  'returns nothing': [0x00],
  'returns code': ['6001600055', ZERO, 0x52, '05', '1b', 0xf3],
  'stores, logs and returns code': ['05', '06', 0x55, '20', ZERO, 0xa0, ...returns(3)],
  'reads who it is': [0x30, ZERO, 0x55, 0x33, '01', 0x55, 0x34, '02', 0x55, 0x38, '03', 0x55, 0x36, '04', 0x55],
  'reverts with data': ['05', '06', 0x55, '2a', ZERO, 0x52, '20', ZERO, 0xfd],
  halts: ['05', '06', 0x55, 0xfe],
  'returns the longest code': returns(MAX_CODE_SIZE),
  'returns longer code': returns(MAX_CODE_SIZE + 1),
}
const LOAD_INIT_CODE: Program = [0x36, ZERO, ZERO, 0x37]
const create = (value: number): Program => [0x36, ZERO, hex(value), 0xf0]
const create2 = (value: number): Program => ['5a17', 0x36, ZERO, hex(value), 0xf5]

/** By instructions: what init code does, with and without the gas and the value it asks for. */
export function createCases(): Draft[] {
  const byInitCode = Object.entries(INIT_CODES).flatMap(([name, initCode]) =>
    Object.entries({ CREATE: create, CREATE2: create2 }).flatMap(([kind, run]) =>
      [0, 3, 100].flatMap((value) =>
        [90_000n, 6_000_000n].map((gasLimit) => ({
          name: `${kind} with ${value} wei and ${gasLimit} gas: ${name}`,
          gasLimit,
          account: { balance: 50n },
          data: code(...initCode),
          program: () => [...LOAD_INIT_CODE, ...run(value), ...REPORT],
        })),
      ),
    ),
  )
  const twice = {
    name: 'CREATE2 twice at the same address',
    data: code(...INIT_CODES['returns code']!),
    program: () => [...LOAD_INIT_CODE, ...create2(0), 0x3b, ...create2(0), 0x01, ...REPORT],
  }
  const occupants = { 'a nonce': { nonce: 1n }, code: { code: code(0x00) }, 'a balance only': { balance: 4n } }
  const collisions = Object.entries(occupants).map(([what, occupant]) => ({
    name: `CREATE where there is ${what}`,
    account: { nonce: 5n },
    data: code(...INIT_CODES['returns code']!),
    others: (at: number) => ({ [contractAddress(address(at), 5n)]: occupant }),
    program: () => [...LOAD_INIT_CODE, ...create(0), ...REPORT],
  }))
  const lastNonce = {
    name: 'CREATE by an account whose nonce is the last',
    account: { nonce: 2n ** 64n - 1n },
    program: () => [...create(0), ...REPORT],
  }
  const wideNonce = [127n, 128n, 255n, 256n, 2n ** 32n].map((nonce) => ({
    name: `CREATE with nonce ${nonce}`,
    account: { nonce },
    program: () => [...create(0), ...REPORT],
  }))
  const created = {
    name: 'CREATE, then a call of what was created',
    data: code('602a60005260206000f3', ZERO, 0x52, '0a', '16', 0xf3),
    program: () => [
      ...[...LOAD_INIT_CODE, ...create(0), ZERO, 0x52, '20', ZERO, ZERO, ZERO, ZERO],
      ...[ZERO, 0x51, '2710', 0xf1, ...REPORT],
    ],
  }
  return [...byInitCode, twice, ...collisions, lastNonce, ...wideNonce, created]
}

/** By transactions without a receiver. */
export function deployCases(): Case[] {
  return Object.entries(INIT_CODES).flatMap(([name, initCode]) =>
    [54_000n, 80_000n, 6_000_000n].flatMap((gasLimit) =>
      [0n, 7n].map((value) => ({
        name: `deployment with ${gasLimit} gas and ${value} wei: ${name}`,
        accounts: {},
        to: undefined,
        data: code(...initCode),
        gasLimit,
        value,
      })),
    ),
  )
}

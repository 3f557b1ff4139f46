import { code } from '#executor/testing/memoryState.ts'
import type { Case } from './scenario.ts'
import { caseAddress } from './scenario.ts'

/** A program of a case that stands at `at` and may call the accounts up to at + 0xff. */
export type Program = readonly (number | string)[]

/** PUSH1 0, since Berlin has no PUSH0. */
const ZERO = '00'
/** Returns the word on top of the stack. */
export const RETURN_WORD: Program = [ZERO, 0x52, '20', ZERO, 0xf3]
/** Returns all memory. */
export const RETURN_MEMORY: Program = [0x59, ZERO, 0xf3]
export const word = (value: bigint) => BigInt.asUintN(256, value).toString(16).padStart(64, '0')
export const hex = (value: number) => {
  const digits = value.toString(16)
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

/** A case without its addresses. */
export type Draft = Omit<Case, 'accounts' | 'to'> & {
  program: (at: number) => Program
  others?: (at: number) => Case['accounts']
  account?: Case['accounts'][number]
}

/** Gives each draft its addresses. @param first index of the first of them among all cases of the run */
export function place(drafts: readonly Draft[], first = 0): Case[] {
  return drafts.map(({ program, others, account, ...rest }, index) => {
    const at = caseAddress(first + index)
    return { ...rest, to: at, accounts: { [at]: { code: code(...program(at)), ...account }, ...others?.(at) } }
  })
}

const MAX = 2n ** 256n - 1n
const EDGES = [0n, 1n, 2n, 31n, 255n, 256n, 2n ** 64n, 2n ** 128n - 1n, 2n ** 255n - 1n, 2n ** 255n, MAX - 1n, MAX]
const OPERATORS: readonly [name: string, opcode: number, operands: number][] = [
  ...('ADD MUL SUB DIV SDIV MOD SMOD'.split(' ').map((name, index) => [name, 1 + index, 2]) as [
    string,
    number,
    number,
  ][]),
  ['ADDMOD', 8, 3],
  ['MULMOD', 9, 3],
  ['EXP', 0x0a, 2],
  ['SIGNEXTEND', 0x0b, 2],
  ...('LT GT SLT SGT EQ'.split(' ').map((name, index) => [name, 0x10 + index, 2]) as [string, number, number][]),
  ['ISZERO', 0x15, 1],
  ...('AND OR XOR'.split(' ').map((name, index) => [name, 0x16 + index, 2]) as [string, number, number][]),
  ['NOT', 0x19, 1],
  ...('BYTE SHL SHR SAR'.split(' ').map((name, index) => [name, 0x1a + index, 2]) as [string, number, number][]),
]

/** Every operator on every pair of edge values; the results are returned as memory. */
export function arithmeticCases(): Draft[] {
  return OPERATORS.map(([name, opcode, operands]) => ({
    name,
    gasLimit: 3_000_000n,
    program: () => {
      const rows = EDGES.flatMap((a) => (operands === 1 ? [[a]] : EDGES.map((b) => [b, a])))
      const calls = rows.map((row, index) => (operands === 3 ? [EDGES[(index * 5 + 3) % EDGES.length]!, ...row] : row))
      const store = (index: number) => [(32 * index).toString(16).padStart(4, '0'), 0x52]
      return [...calls.flatMap((row, index) => [...row.map(word), opcode, ...store(index)]), ...RETURN_MEMORY]
    },
  }))
}

const ENVIRONMENT = { ADDRESS: 0x30, ORIGIN: 0x32, CALLER: 0x33, CALLVALUE: 0x34, CALLDATASIZE: 0x36, CODESIZE: 0x38 }
const BLOCK = { GASPRICE: 0x3a, RETURNDATASIZE: 0x3d, COINBASE: 0x41, TIMESTAMP: 0x42, NUMBER: 0x43, DIFFICULTY: 0x44 }
const LATER = { GASLIMIT: 0x45, CHAINID: 0x46, SELFBALANCE: 0x47, PC: 0x58, MSIZE: 0x59, GAS: 0x5a }

/** Instructions that push one word about where the program runs. */
export function environmentCases(): Draft[] {
  const opcodes = Object.entries({ ...ENVIRONMENT, ...BLOCK, ...LATER })
  return opcodes.map(([name, opcode]) => ({
    name,
    value: 5n,
    data: Uint8Array.of(1, 2, 3),
    account: { balance: 7n },
    program: () => [opcode, ...RETURN_WORD],
  }))
}

/** Memory and copies: offsets around word limits, sources shorter than asked, growth that costs more than there is. */
export function memoryCases(): Draft[] {
  const offsets = [0, 1, 31, 32, 33, 1023, 60_000]
  const access = offsets.flatMap((offset) =>
    (
      [
        ['MSTORE', [word(MAX - 5n), hex(offset), 0x52]],
        ['MSTORE8', [word(0x1234n), hex(offset), 0x53]],
        ['MLOAD', [hex(offset), 0x51, ZERO, 0x55]],
        ['KECCAK256', [word(7n), ZERO, 0x52, '21', hex(offset), 0x20, ZERO, 0x55]],
        ['RETURN', ['07', hex(offset), 0xf3]],
        ['REVERT', ['07', hex(offset), 0xfd]],
      ] as [string, Program][]
    ).map(([name, program]) => ({ name: `${name} at ${offset}`, program: () => [...program, ...RETURN_MEMORY] })),
  )
  const data = Uint8Array.from({ length: 40 }, (_, index) => index + 1)
  const lengths = [0, 1, 32, 33, 100]
  const sources = [hex(0), hex(8), hex(39), hex(41), word(MAX)]
  const copies = Object.entries({ CALLDATACOPY: 0x37, CODECOPY: 0x39 }).flatMap(([name, opcode]) =>
    lengths.flatMap((length) =>
      sources.map((source) => ({
        name: `${name} of ${length} from ${source}`,
        data,
        program: () => [hex(length), source, '03', opcode, ...RETURN_MEMORY],
      })),
    ),
  )
  const loads = sources.map((source) => ({
    name: `CALLDATALOAD ${source}`,
    data,
    program: () => [source, 0x35, ...RETURN_WORD],
  }))
  const beyond = [0x51, 0x52, 0x53].map((opcode) => ({
    name: `memory beyond the gas, 0x${hex(opcode)}`,
    program: () => ['01', word(2n ** 64n), opcode, ...RETURN_MEMORY],
  }))
  const empty = [0x20, 0xf3, 0xfd, 0xa0].map((opcode) => ({
    name: `an empty range far away, 0x${hex(opcode)}`,
    program: () => [ZERO, word(MAX), opcode, ...RETURN_MEMORY],
  }))
  return [...access, ...copies, ...loads, ...beyond, ...empty]
}

/** PUSH, DUP, SWAP, jumps and the stack's two ends. */
export function stackCases(): Draft[] {
  const full = Array.from({ length: 16 }, (_, index) => hex(index + 1))
  const depth = Array.from({ length: 16 }, (_, index) => index)
  const pushes = Array.from({ length: 32 }, (_, index) => ({
    name: `PUSH${index + 1}`,
    program: () => ['ab'.repeat(index + 1), ...RETURN_WORD],
  }))
  const cutPushes = [0x60, 0x61, 0x7f].map((opcode) => ({
    name: `0x${hex(opcode)} at the end`,
    program: () => [opcode],
  }))
  const loop = ['32', 0x5b, '01', 0x90, 0x03, 0x80, '02', 0x57, ...RETURN_WORD]
  return [
    ...pushes,
    ...cutPushes,
    ...depth.map((n) => ({ name: `DUP${n + 1}`, program: () => [...full, 0x80 + n, ...RETURN_WORD] })),
    ...depth.map((n) => ({ name: `SWAP${n + 1}`, program: () => ['aa', ...full, 0x90 + n, ...RETURN_WORD] })),
    ...depth.map((n) => ({ name: `SWAP${n + 1} of ${n + 1}`, program: () => [...full.slice(15 - n), 0x90 + n] })),
    ...depth.map((n) => ({ name: `DUP${n + 1} of ${n}`, program: () => [...full.slice(16 - n), 0x80 + n] })),
    { name: '1024 words', program: () => [...Array<string>(1024).fill('01'), ...[0x50, ...RETURN_WORD]] },
    { name: '1025 words', program: () => Array<string>(1025).fill('01') },
    { name: 'POP of nothing', program: () => [0x50] },
    { name: 'JUMP', program: () => ['04', 0x56, 0xfe, 0x5b, '2a', ...RETURN_WORD] },
    { name: 'JUMP beyond the code', program: () => ['ff', 0x56] },
    { name: 'JUMP far beyond the code', program: () => [word(2n ** 64n + 3n), 0x56, 0x5b] },
    { name: 'JUMP to no JUMPDEST', program: () => ['03', 0x56, 0x00] },
    { name: 'JUMPI not taken', program: () => [ZERO, 'ff', 0x57, '2a', ...RETURN_WORD] },
    { name: 'a loop', program: () => loop },
    { name: 'a loop out of gas', gasLimit: 22_000n, program: () => [0x5b, ZERO, 0x56] },
    { name: 'STOP', program: () => [0x00, 0xfe] },
    { name: 'no instruction', program: () => ['01'] },
    { name: 'INVALID', program: () => ['01', 0xfe] },
    ...[0x0c, 0x0f, 0x1e, 0x21, 0x48, 0x49, 0x4a, 0x5c, 0x5d, 0x5e, 0xa5, 0xb0, 0xef, 0xf6, 0xfb, 0xfc].map(
      (opcode) => ({
        name: `no such opcode 0x${hex(opcode)}`,
        program: () => ['01', '01', '01', opcode],
      }),
    ),
  ]
}

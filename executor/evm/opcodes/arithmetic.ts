import { MAX_WORD, TWO_256 } from '../../words.ts'
import { charge, GAS } from '../gas.ts'
import { type InstructionSet, instruction } from '../instruction.ts'

const SIGN_BIT = 1n << 255n
const signed = (word: bigint) => (word >= SIGN_BIT ? word - TWO_256 : word)
const unsigned = (value: bigint) => (value < 0n ? value + TWO_256 : value)
const abs = (value: bigint) => (value < 0n ? -value : value)

/** An instruction that replaces the two topmost words by one. */
function binary(name: string, gas: number, compute: (a: bigint, b: bigint) => bigint) {
  return instruction(name, gas, [2, 1], ({ stack }) => {
    const a = stack.pop()!
    const top = stack.length - 1
    stack[top] = compute(a, stack[top]!)
    return undefined
  })
}

function ternary(name: string, gas: number, compute: (a: bigint, b: bigint, c: bigint) => bigint) {
  return instruction(name, gas, [3, 1], ({ stack }) => {
    const a = stack.pop()!
    const b = stack.pop()!
    const top = stack.length - 1
    stack[top] = compute(a, b, stack[top]!)
    return undefined
  })
}

function add(a: bigint, b: bigint): bigint {
  const sum = a + b
  return sum > MAX_WORD ? sum - TWO_256 : sum
}

function signedDivide(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : BigInt.asUintN(256, signed(a) / signed(b))
}

/** The sign is the dividend's. */
function signedModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n
  const dividend = signed(a)
  const rest = abs(dividend) % abs(signed(b))
  return unsigned(dividend < 0n ? -rest : rest)
}

function power(base: bigint, exponent: bigint): bigint {
  if (base === 2n) return exponent > 255n ? 0n : 1n << exponent
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = BigInt.asUintN(256, result * square)
    square = BigInt.asUintN(256, square * square)
  }
  return result
}

/** Bytes of the shortest big-endian form; 0 for zero. */
export function byteLength(word: bigint): number {
  return word === 0n ? 0 : (word.toString(16).length + 1) >> 1
}

function signExtend(index: bigint, word: bigint): bigint {
  if (index > 30n) return word
  const bits = Number(index) * 8 + 8
  return BigInt.asUintN(256, BigInt.asIntN(bits, word))
}

export const arithmetic: InstructionSet = {
  1: binary('ADD', 3, add),
  2: binary('MUL', 5, (a, b) => BigInt.asUintN(256, a * b)),
  3: binary('SUB', 3, (a, b) => unsigned(a - b)),
  4: binary('DIV', 5, (a, b) => (b === 0n ? 0n : a / b)),
  5: binary('SDIV', 5, signedDivide),
  6: binary('MOD', 5, (a, b) => (b === 0n ? 0n : a % b)),
  7: binary('SMOD', 5, signedModulo),
  8: ternary('ADDMOD', 8, (a, b, modulus) => (modulus === 0n ? 0n : (a + b) % modulus)),
  9: ternary('MULMOD', 8, (a, b, modulus) => (modulus === 0n ? 0n : (a * b) % modulus)),
  10: instruction('EXP', 10, [2, 1], (frame, { counters }) => {
    const { stack } = frame
    const exponent = stack[stack.length - 2]!
    const sizeBytes = byteLength(exponent)
    charge(frame, GAS.expByte * sizeBytes)
    counters.exp(exponent, sizeBytes)
    const base = stack.pop()!
    stack[stack.length - 1] = power(base, exponent)
    return undefined
  }),
  11: binary('SIGNEXTEND', 5, signExtend),
  16: binary('LT', 3, (a, b) => (a < b ? 1n : 0n)),
  17: binary('GT', 3, (a, b) => (a > b ? 1n : 0n)),
  18: binary('SLT', 3, (a, b) => (signed(a) < signed(b) ? 1n : 0n)),
  19: binary('SGT', 3, (a, b) => (signed(a) > signed(b) ? 1n : 0n)),
  20: binary('EQ', 3, (a, b) => (a === b ? 1n : 0n)),
  21: instruction('ISZERO', 3, [1, 1], ({ stack }) => {
    const top = stack.length - 1
    stack[top] = stack[top] === 0n ? 1n : 0n
    return undefined
  }),
  22: binary('AND', 3, (a, b) => a & b),
  23: binary('OR', 3, (a, b) => a | b),
  24: binary('XOR', 3, (a, b) => a ^ b),
  25: instruction('NOT', 3, [1, 1], ({ stack }) => {
    const top = stack.length - 1
    stack[top] = MAX_WORD - stack[top]!
    return undefined
  }),
  26: binary('BYTE', 3, (index, word) => (index > 31n ? 0n : (word >> (8n * (31n - index))) & 0xffn)),
  27: binary('SHL', 3, (shift, word) => (shift > 255n ? 0n : BigInt.asUintN(256, word << shift))),
  28: binary('SHR', 3, (shift, word) => (shift > 255n ? 0n : word >> shift)),
  29: binary('SAR', 3, (shift, word) => unsigned(signed(word) >> (shift > 255n ? 255n : shift))),
}

import { ROUND_CONSTANTS } from './roundConstants.ts'

const WIDTH = 12
const LANES = [...Array(WIDTH).keys()]
const FULL_ROUNDS_HALF = 4
const PARTIAL_ROUNDS = 22
/** Partial rounds between two reductions of all lanes. */
const PARTIAL_GROUP = 3
const MDS_FIRST_ROW = [17, 15, 41, 16, 2, 28, 13, 13, 39, 18, 34, 20]
/** log2 of the only element of the diagonal that is added to the circulant, for lane 0. */
const MDS_DIAGONAL_SHIFT = 3

/**
 * Arithmetic modulo p = 2^64 - 2^32 + 1. Values are any u64 congruent to the element; `canonical` makes them unique.
 * 2^64 ≡ 2^32 - 1 (EPSILON) and 2^96 ≡ -1 (mod p).
 */
const FIELD = `
const EPSILON: u64 = 0xffffffff;
const P: u64 = 0xffffffff00000001;

// @ts-ignore: decorator
@inline function reduce(low: u64, high: u64): u64 {
  const highHigh = high >> 32;
  let t = low - highHigh;
  t -= EPSILON & (0 - u64(low < highHigh));
  const middle = (high & EPSILON) * EPSILON;
  const r = t + middle;
  return r + (EPSILON & (0 - u64(r < middle)));
}
// @ts-ignore: decorator
@inline function multiply(a: u64, b: u64): u64 {
  const a0 = a & EPSILON, a1 = a >> 32, b0 = b & EPSILON, b1 = b >> 32;
  const low = a0 * b0;
  const m = a1 * b0 + (low >> 32);
  const n = a0 * b1 + (m & EPSILON);
  return reduce((n << 32) | (low & EPSILON), a1 * b1 + (m >> 32) + (n >> 32));
}
// @ts-ignore: decorator
@inline function square(a: u64): u64 {
  const a0 = a & EPSILON, a1 = a >> 32;
  const cross = a0 * a1;
  const low = a0 * a0;
  const m = cross + (low >> 32);
  const n = cross + (m & EPSILON);
  return reduce((n << 32) | (low & EPSILON), a1 * a1 + (m >> 32) + (n >> 32));
}
// @ts-ignore: decorator
@inline function add(a: u64, b: u64): u64 {
  const r = a + b;
  const s = r + (EPSILON & (0 - u64(r < b)));
  return s + (EPSILON & (0 - u64(s < (EPSILON & (0 - u64(r < b))))));
}
// low + high * 2^32, both well below 2^64
// @ts-ignore: decorator
@inline function join(low: u64, high: u64): u64 {
  const shifted = high << 32;
  let r = low + shifted;
  r += EPSILON & (0 - u64(r < shifted));
  const middle = (high >> 32) * EPSILON;
  const s = r + middle;
  return s + (EPSILON & (0 - u64(s < middle)));
}
// @ts-ignore: decorator
@inline function sbox(x: u64): u64 {
  const x2 = square(x);
  return multiply(multiply(x2, x), square(x2));
}
// @ts-ignore: decorator
@inline function canonical(x: u64): u64 {
  return x >= P ? x - P : x;
}
`

/** A vector expression with its sign. */
type Term = { sign: '+' | '-'; text: string }

const negate = ({ sign, text }: Term): Term => ({ sign: sign === '+' ? '-' : '+', text })

/** name times a signed power of two. */
function shifted(name: string, factor: number): Term {
  const shift = Math.log2(Math.abs(factor))
  if (!Number.isInteger(shift)) throw new Error(`${factor} is no power of two`)
  return { sign: factor < 0 ? '-' : '+', text: shift === 0 ? name : `i64x2.shl(${name}, ${shift})` }
}

const plus = (a: string, b: string) => `i64x2.add(${a}, ${b})`
const minus = (a: string, b: string) => `i64x2.sub(${a}, ${b})`

/** Sum of the terms, a positive one first: modulo 2^64 the order decides nothing but the text. */
function sum(terms: readonly Term[]): string {
  const ordered = [...terms].sort((a, b) => Number(a.sign === '-') - Number(b.sign === '-'))
  return ordered.reduce((text, term, index) => {
    if (index === 0) return term.sign === '+' ? term.text : minus('i64x2.splat(0)', term.text)
    return term.sign === '+' ? plus(text, term.text) : minus(text, term.text)
  }, '')
}

const vector = (name: string, expression: string) => `let ${name}: v128 = ${expression};`

/**
 * The circulant product over plain 64-bit integers with additions and shifts only, of the low halves in one half of the
 * vectors and of the high halves in the other. The twelve inputs are three polynomials of length four; modulo
 * y^4 - 1 = (y - 1)(y + 1)(y^2 + 1) the constants become small powers of two, and the three are convolved with x^3 = y.
 */
function circulantProduct(input: string, output: string): string {
  const kernel = LANES.map((k) => MDS_FIRST_ROW[(WIDTH - k) % WIDTH]!)
  const fold = (combine: (k0: number, k1: number, k2: number, k3: number) => number) =>
    [0, 1, 2].map((a) => combine(kernel[a]!, kernel[a + 3]!, kernel[a + 6]!, kernel[a + 9]!))
  const atOne = fold((k0, k1, k2, k3) => (k0 + k1 + k2 + k3) / 4)
  const atMinusOne = fold((k0, k1, k2, k3) => (k0 - k1 + k2 - k3) / 4)
  const real = fold((k0, _k1, k2) => (k0 - k2) / 2)
  const imaginary = fold((_k0, k1, _k2, k3) => (k1 - k3) / 2)
  const v = (name: string, index: number) => `${output}_${name}${index}`
  const lines: string[] = []
  for (const a of [0, 1, 2]) {
    const [e0, e1, e2, e3] = [0, 3, 6, 9].map((b) => `${input}${a + b}`) as [string, string, string, string]
    lines.push(
      vector(v('even', a), plus(e0, e2)),
      vector(v('odd', a), plus(e1, e3)),
      vector(v('one', a), plus(v('even', a), v('odd', a))),
      vector(v('minus', a), minus(v('even', a), v('odd', a))),
      vector(v('real', a), minus(e0, e2)),
      vector(v('imag', a), minus(e1, e3)),
    )
  }
  for (const d of [0, 1, 2]) {
    const one: Term[] = []
    const minusOne: Term[] = []
    const re: Term[] = []
    const im: Term[] = []
    for (const a of [0, 1, 2]) {
      const b = (d - a + 3) % 3
      const wraps = a + b >= 3 // x^3 = y: one, -1 or i
      one.push(shifted(v('one', b), atOne[a]!))
      const m = shifted(v('minus', b), atMinusOne[a]!)
      minusOne.push(wraps ? negate(m) : m)
      const realReal = shifted(v('real', b), real[a]!)
      const imagImag = shifted(v('imag', b), imaginary[a]!)
      const imagReal = shifted(v('imag', b), real[a]!)
      const realImag = shifted(v('real', b), imaginary[a]!)
      if (wraps) {
        re.push(negate(imagReal), negate(realImag))
        im.push(realReal, negate(imagImag))
      } else {
        re.push(realReal, negate(imagImag))
        im.push(imagReal, realImag)
      }
    }
    lines.push(
      vector(v('y1', d), sum(one)),
      vector(v('ym', d), sum(minusOne)),
      vector(v('yr', d), sum(re)),
      vector(v('yi', d), sum(im)),
      vector(v('p', d), plus(v('y1', d), v('ym', d))),
      vector(v('q', d), minus(v('y1', d), v('ym', d))),
      vector(`${output}${d}`, plus(v('p', d), v('yr', d))),
      vector(`${output}${d + 6}`, minus(v('p', d), v('yr', d))),
      vector(`${output}${d + 3}`, plus(v('q', d), v('yi', d))),
      vector(`${output}${d + 9}`, minus(v('q', d), v('yi', d))),
    )
  }
  return lines.join('\n')
}

const split = (lane: number, name: string) => `${name}${lane} = i64x2.extend_low_i32x4_u(i64x2.splat(s${lane}));`
const splitAll = (name: string) => LANES.map((lane) => `let ${split(lane, name).replace(' =', ': v128 =')}`).join('\n')
const joinLane = (lane: number, name: string) =>
  `s${lane} = join(i64x2.extract_lane(${name}${lane}, 0), i64x2.extract_lane(${name}${lane}, 1));`
const joinAll = (name: string) => LANES.map((lane) => joinLane(lane, name)).join('\n')

/** output ← MDS · input, plus the constants of the round after `round + offset` unless that was the last. */
function linearLayer(input: string, output: string, offset?: number): string {
  const diagonal = `${output}0 = ${plus(`${output}0`, `i64x2.shl(${input}0, ${MDS_DIAGONAL_SHIFT})`)};`
  const constant = (lane: number) =>
    `v128.load(ROUND_CONSTANTS + ${16 * WIDTH} * round, ${16 * (WIDTH * ((offset ?? 0) + 1) + lane)})`
  const constants = LANES.map((lane) => `${output}${lane} = ${plus(`${output}${lane}`, constant(lane))};`)
  return [circulantProduct(input, output), diagonal, ...(offset === undefined ? [] : constants)].join('\n')
}

/** Rounds in which every lane goes through the S-box. */
function fullRound(isLast = false): string {
  const boxes = LANES.map((lane) => `s${lane} = sbox(s${lane});`).join(' ')
  return `{\n${boxes}\n${splitAll('a')}\n${linearLayer('a', 'b', isLast ? undefined : 0)}\n${joinAll('b')}\n}`
}

/**
 * Rounds in which only lane 0 goes through the S-box, so that only it is reduced after each. The halves of the others
 * start below 2^32 and grow by less than nine bits a round (a row of the matrix sums to at most 272).
 */
function partialRounds(count: number): string {
  const lines = [splitAll('a0_')]
  for (let i = 0; i < count; i++) {
    if (i > 0) lines.push(joinLane(0, `a${i}_`))
    lines.push('s0 = sbox(s0);', split(0, `a${i}_`), linearLayer(`a${i}_`, `a${i + 1}_`, i))
  }
  return `{\n${lines.join('\n')}\n${joinAll(`a${count}_`)}\n}`
}

function permutation(): string {
  const loop = (from: number, to: number, step: number, body: string) =>
    `for (let round: usize = ${from}; round < ${to}; round += ${step}) ${body}`
  const lastFull = FULL_ROUNDS_HALF + PARTIAL_ROUNDS
  const ungrouped = lastFull - (PARTIAL_ROUNDS % PARTIAL_GROUP)
  const firstConstant = (lane: number) =>
    `load<u64>(ROUND_CONSTANTS, ${16 * lane}) | (load<u64>(ROUND_CONSTANTS, ${16 * lane + 8}) << 32)`
  return [
    ...LANES.map((lane) => `s${lane} = add(s${lane}, ${firstConstant(lane)});`),
    loop(0, FULL_ROUNDS_HALF, 1, fullRound()),
    loop(FULL_ROUNDS_HALF, ungrouped, PARTIAL_GROUP, partialRounds(PARTIAL_GROUP)),
    loop(ungrouped, lastFull, 1, partialRounds(1)),
    loop(lastFull, lastFull + FULL_ROUNDS_HALF - 1, 1, fullRound()),
    fullRound(true),
  ].join('\n')
}

/**
 * AssemblyScript of the Poseidon kernel: `hashMany(input, output, count)` reads twelve u64 for each hash (eight inputs,
 * then the capacity) and writes four. State lives in locals; the multiplication by the MDS matrix is additions and
 * shifts on the 32-bit halves of the lanes, both halves in one vector; each round's constants ride along with the round
 * before.
 */
export function generateKernel(): string {
  const halves = ROUND_CONSTANTS.flatMap((constant) => [constant & 0xffffffffn, constant >> 32n])
  const loads = LANES.map((lane) => `let s${lane}: u64 = load<u64>(input, ${8 * lane});`).join('\n')
  const stores = [0, 1, 2, 3].map((lane) => `store<u64>(output, canonical(s${lane}), ${8 * lane});`).join('\n')
  return `${FIELD}
const ROUND_CONSTANTS: usize = memory.data<u64>([${halves.map((half) => `0x${half.toString(16)}`).join(',')}], 16);

export function hashMany(input: usize, output: usize, count: i32): void {
for (let i = 0; i < count; i++) {
${loads}
${permutation()}
${stores}
input += ${8 * WIDTH};
output += 32;
}
}
`
}

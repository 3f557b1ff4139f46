import { ROUND_CONSTANTS } from './roundConstants.ts'

const WIDTH = 12
const LANES = [...Array(WIDTH).keys()]
const FULL_ROUNDS_HALF = 4
const PARTIAL_ROUNDS = 22
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

type Term = { sign: '+' | '-'; text: string }

const negate = ({ sign, text }: Term): Term => ({ sign: sign === '+' ? '-' : '+', text })

/** name times a signed power of two. */
function shifted(name: string, factor: number): Term {
  const shift = Math.log2(Math.abs(factor))
  if (!Number.isInteger(shift)) throw new Error(`${factor} is no power of two`)
  return { sign: factor < 0 ? '-' : '+', text: shift === 0 ? name : `(${name} << ${shift})` }
}

/** Sum of the terms, a positive one first: in unsigned arithmetic the order decides nothing but the text. */
function sum(terms: readonly Term[]): string {
  const [first, ...rest] = [...terms].sort((a, b) => Number(a.sign === '-') - Number(b.sign === '-')) as [
    Term,
    ...Term[],
  ]
  return (first.sign === '+' ? '' : '0 - ') + first.text + rest.map(({ sign, text }) => ` ${sign} ${text}`).join('')
}

const let_ = (name: string, expression: string) => `let ${name}: u64 = ${expression};`

/**
 * The circulant product over plain 64-bit integers with additions and shifts only. The twelve inputs are three
 * polynomials of length four; modulo y^4 - 1 = (y - 1)(y + 1)(y^2 + 1) the constants become small powers of two, and
 * the three are convolved with x^3 = y. Inputs are 32-bit halves, so nothing overflows.
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
    const [e0, e1, e2, e3] = [0, 1, 2, 3].map((b) => `${input}${a + 3 * b}`)
    lines.push(
      let_(v('even', a), `${e0} + ${e2}`),
      let_(v('odd', a), `${e1} + ${e3}`),
      let_(v('one', a), `${v('even', a)} + ${v('odd', a)}`),
      let_(v('minus', a), `${v('even', a)} - ${v('odd', a)}`),
      let_(v('real', a), `${e0} - ${e2}`),
      let_(v('imag', a), `${e1} - ${e3}`),
    )
  }
  for (const d of [0, 1, 2]) {
    const one: Term[] = []
    const minus: Term[] = []
    const re: Term[] = []
    const im: Term[] = []
    for (const a of [0, 1, 2]) {
      const b = (d - a + 3) % 3
      const wraps = a + b >= 3 // x^3 = y: one, -1 or i
      one.push(shifted(v('one', b), atOne[a]!))
      const m = shifted(v('minus', b), atMinusOne[a]!)
      minus.push(wraps ? negate(m) : m)
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
      let_(v('y1', d), sum(one)),
      let_(v('ym', d), sum(minus)),
      let_(v('yr', d), sum(re)),
      let_(v('yi', d), sum(im)),
      let_(v('p', d), `${v('y1', d)} + ${v('ym', d)}`),
      let_(v('q', d), `${v('y1', d)} - ${v('ym', d)}`),
      let_(`${output}${d}`, `${v('p', d)} + ${v('yr', d)}`),
      let_(`${output}${d + 6}`, `${v('p', d)} - ${v('yr', d)}`),
      let_(`${output}${d + 3}`, `${v('q', d)} + ${v('yi', d)}`),
      let_(`${output}${d + 9}`, `${v('q', d)} - ${v('yi', d)}`),
    )
  }
  return lines.join('\n')
}

/** state ← MDS · state, plus the constants of the next round when it has any. */
function linearLayer(nextConstant?: (lane: number) => string): string {
  const halves = LANES.map((lane) => let_(`l${lane}`, `s${lane} & EPSILON`) + let_(`h${lane}`, `s${lane} >> 32`))
  const joins = LANES.map((lane) => {
    if (nextConstant === undefined) return `s${lane} = join(ol${lane}, oh${lane});`
    const constant = nextConstant(lane)
    return `s${lane} = join(ol${lane} + (${constant} & EPSILON), oh${lane} + (${constant} >> 32));`
  })
  return `{
${halves.join('\n')}
${circulantProduct('l', 'ol')}
${circulantProduct('h', 'oh')}
ol0 += l0 << ${MDS_DIAGONAL_SHIFT}; oh0 += h0 << ${MDS_DIAGONAL_SHIFT};
${joins.join('\n')}
}
`
}

function permutation(): string {
  const nextConstant = (lane: number) => `unchecked(ROUND_CONSTANTS[round * ${WIDTH} + ${WIDTH + lane}])`
  const allBoxes = LANES.map((lane) => `s${lane} = sbox(s${lane});`).join(' ')
  const rounds = (from: number, to: number, boxes: string) =>
    `for (let round = ${from}; round < ${to}; round++) {\n${boxes}\n${linearLayer(nextConstant)}}\n`
  const firstPartial = FULL_ROUNDS_HALF
  const lastFull = FULL_ROUNDS_HALF + PARTIAL_ROUNDS
  return [
    LANES.map((lane) => `s${lane} = add(s${lane}, unchecked(ROUND_CONSTANTS[${lane}]));`).join(' '),
    rounds(0, firstPartial, allBoxes),
    rounds(firstPartial, lastFull, 's0 = sbox(s0);'),
    rounds(lastFull, lastFull + FULL_ROUNDS_HALF - 1, allBoxes),
    allBoxes,
    linearLayer(),
  ].join('\n')
}

/**
 * AssemblyScript of the Poseidon kernel: `hashMany(input, output, count)` reads twelve u64 for each hash (eight inputs,
 * then the capacity) and writes four. State lives in locals, the multiplication by the MDS matrix is additions and
 * shifts on 32-bit halves, and each round's constants ride along with the round before.
 */
export function generateKernel(): string {
  const constants = ROUND_CONSTANTS.map((constant) => `0x${constant.toString(16)}`).join(',')
  const loads = LANES.map((lane) => `let s${lane}: u64 = load<u64>(input, ${8 * lane});`).join('\n')
  const stores = [0, 1, 2, 3].map((lane) => `store<u64>(output, canonical(s${lane}), ${8 * lane});`).join('\n')
  return `${FIELD}
const ROUND_CONSTANTS: StaticArray<u64> = [${constants}];

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

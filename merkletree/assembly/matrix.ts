/** The MDS matrix of Poseidon over Goldilocks: circulant, plus one element of a diagonal. Source: zkEVM ROM, plonky2. */
export const WIDTH = 12
export const LANES = [...Array(WIDTH).keys()]
const FIRST_ROW = [17, 15, 41, 16, 2, 28, 13, 13, 39, 18, 34, 20]
/** log2 of the only element of the diagonal, for lane 0. */
const DIAGONAL_SHIFT = 3
const P = 0xffffffff00000001n

/** Matrix times state, modulo p. */
export function multiplyByMatrix(state: readonly bigint[]): bigint[] {
  return LANES.map((row) => {
    let sum = row === 0 ? state[0]! << BigInt(DIAGONAL_SHIFT) : 0n
    for (const lane of LANES) sum += BigInt(FIRST_ROW[(lane - row + WIDTH) % WIDTH]!) * state[lane]!
    return sum % P
  })
}

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

/**
 * AssemblyScript: lanes ← matrix · lanes, for split lanes named `lane` and a number. Additions and shifts only, modulo
 * 2^64, so the parts of the lanes must have nine bits to spare: a row of the matrix sums to at most 264. The twelve
 * lanes are three polynomials of length four; modulo y^4 - 1 = (y - 1)(y + 1)(y^2 + 1) the constants become small powers
 * of two, and the three are convolved with x^3 = y.
 */
export function matrixProduct(lane: string): string {
  const kernel = LANES.map((k) => FIRST_ROW[(WIDTH - k) % WIDTH]!)
  const fold = (combine: (k0: number, k1: number, k2: number, k3: number) => number) =>
    [0, 1, 2].map((a) => combine(kernel[a]!, kernel[a + 3]!, kernel[a + 6]!, kernel[a + 9]!))
  const atOne = fold((k0, k1, k2, k3) => (k0 + k1 + k2 + k3) / 4)
  const atMinusOne = fold((k0, k1, k2, k3) => (k0 - k1 + k2 - k3) / 4)
  const real = fold((k0, _k1, k2) => (k0 - k2) / 2)
  const imaginary = fold((_k0, k1, _k2, k3) => (k1 - k3) / 2)
  const constant = (name: string, expression: string) => `const ${name} = ${expression};`
  const lines = [constant('diagonal', `i64x2.shl(${lane}0, ${DIAGONAL_SHIFT})`)]
  for (const a of [0, 1, 2]) {
    const [e0, e1, e2, e3] = [0, 3, 6, 9].map((b) => `${lane}${a + b}`) as [string, string, string, string]
    lines.push(
      constant(`even${a}`, plus(e0, e2)),
      constant(`odd${a}`, plus(e1, e3)),
      constant(`one${a}`, plus(`even${a}`, `odd${a}`)),
      constant(`minus${a}`, minus(`even${a}`, `odd${a}`)),
      constant(`real${a}`, minus(e0, e2)),
      constant(`imag${a}`, minus(e1, e3)),
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
      one.push(shifted(`one${b}`, atOne[a]!))
      const m = shifted(`minus${b}`, atMinusOne[a]!)
      minusOne.push(wraps ? negate(m) : m)
      const realReal = shifted(`real${b}`, real[a]!)
      const imagImag = shifted(`imag${b}`, imaginary[a]!)
      const imagReal = shifted(`imag${b}`, real[a]!)
      const realImag = shifted(`real${b}`, imaginary[a]!)
      if (wraps) {
        re.push(negate(imagReal), negate(realImag))
        im.push(realReal, negate(imagImag))
      } else {
        re.push(realReal, negate(imagImag))
        im.push(imagReal, realImag)
      }
    }
    lines.push(
      constant(`yr${d}`, sum(re)),
      constant(`yi${d}`, sum(im)),
      constant(`y1${d}`, sum(one)),
      constant(`ym${d}`, sum(minusOne)),
      constant(`p${d}`, plus(`y1${d}`, `ym${d}`)),
      constant(`q${d}`, minus(`y1${d}`, `ym${d}`)),
      `${lane}${d} = ${plus(`p${d}`, `yr${d}`)};`,
      `${lane}${d + 6} = ${minus(`p${d}`, `yr${d}`)};`,
      `${lane}${d + 3} = ${plus(`q${d}`, `yi${d}`)};`,
      `${lane}${d + 9} = ${minus(`q${d}`, `yi${d}`)};`,
    )
  }
  return `{\n${lines.join('\n')}\n${lane}0 = ${plus(`${lane}0`, 'diagonal')};\n}`
}

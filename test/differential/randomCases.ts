import fc from 'fast-check'
import { code } from '#executor/testing/memoryState.ts'
import { call } from './callCases.ts'
import { type Draft, hex, type Program, word } from './opcodeCases.ts'

const ZERO = '00'
const EDGES = [0n, 1n, 2n, 31n, 32n, 255n, 2n ** 64n, 2n ** 255n, 2n ** 256n - 1n]
/** [opcode, words it takes, words it leaves]. */
const PURE: readonly [number, number, number][] = [
  ...[1, 2, 3, 4, 5, 6, 7, 10, 11, 16, 17, 18, 19, 20, 22, 23, 24, 26, 27, 28, 29].map(
    (opcode): [number, number, number] => [opcode, 2, 1],
  ),
  ...[0x08, 0x09].map((opcode): [number, number, number] => [opcode, 3, 1]),
  ...[0x15, 0x19, 0x35, 0x31, 0x3b, 0x54].map((opcode): [number, number, number] => [opcode, 1, 1]),
  ...[0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x45, 0x46, 0x47, 0x58, 0x59, 0x5a].map(
    (opcode): [number, number, number] => [opcode, 0, 1],
  ),
  [0x50, 1, 0],
  [0x55, 2, 0],
]

type Step = (at: number) => Program
const near = fc.integer({ min: 0, max: 90 }).map(hex)
const far = fc.constantFrom('ffff', '0fffff', word(2n ** 200n))
const offset = fc.oneof({ weight: 30, arbitrary: near }, { weight: 1, arbitrary: far })
const value = fc.oneof(
  fc.constantFrom(...EDGES).map(word),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(word),
  near,
)

/** Pushes what the instruction takes, except at times: then it takes what stands there, or underflows. */
const pure: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom(...PURE), fc.array(value, { minLength: 3, maxLength: 3 }), fc.integer({ min: 0, max: 9 }))
  .map(([[opcode, takes], words, chance]) => () => [
    ...words.slice(0, chance === 0 ? Math.max(takes - 1, 0) : takes),
    opcode,
  ])
const memory: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom(0x51, 0x52, 0x53, 0x20, 0x37, 0x39, 0x3e, 0xa0, 0xa1), offset, near, value)
  .map(([opcode, first, second, content]) => () => {
    if (opcode === 0x51) return [first, opcode]
    if (opcode === 0x52 || opcode === 0x53) return [content, first, opcode]
    if (opcode === 0x37 || opcode === 0x39) return [second, content, first, opcode]
    if (opcode === 0x3e) return [0x3d, ZERO, first, opcode]
    return opcode === 0xa1 ? [content, second, first, opcode] : [second, first, opcode]
  })
const stack: fc.Arbitrary<Step> = fc.integer({ min: 0x80, max: 0x9f }).map((opcode) => () => [opcode])
const calls: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.constantFrom('CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'),
    target: fc.constantFrom(0, 1, 2, 3),
    precompile: fc.constantFrom(0, 0, 0, 1, 2, 4, 6, 7),
    gas: fc.constantFrom(0, 100, 2300, 9000, 40_000, 0xffffff),
    value: fc.constantFrom(0, 0, 1, 5000),
    inputLength: fc.integer({ min: 0, max: 130 }),
    outputLength: fc.integer({ min: 0, max: 70 }),
  })
  .map(
    ({ kind, target, precompile, ...rest }) =>
      (at) =>
        call(kind as 'CALL', { to: hex(precompile === 0 ? at + target : precompile), ...rest }),
  )
const creates: fc.Arbitrary<Step> = fc
  .tuple(fc.boolean(), near, near, fc.constantFrom(ZERO, '01'))
  .map(([salted, length, start, wei]) => () => [...(salted ? [start] : []), length, start, wei, salted ? 0xf5 : 0xf0])
/** Jumps over a PUSH when the word on top of the stack is not zero. */
const branch: fc.Arbitrary<Step> = fc.constant(() => [0x58, '07', 0x01, 0x57, ZERO, 0x5b])
const end: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(0xf3, 0xf3, 0xf3, 0xfd, 0xfe), near).map(
  ([opcode, length]) =>
    () =>
      opcode === 0xfe ? [opcode] : [length, ZERO, opcode],
)

const program: fc.Arbitrary<Step> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: pure },
        { weight: 4, arbitrary: memory },
        { weight: 2, arbitrary: stack },
        { weight: 3, arbitrary: calls },
        { weight: 1, arbitrary: creates },
        { weight: 1, arbitrary: branch },
      ),
      { minLength: 3, maxLength: 40 },
    ),
    end,
  )
  .map(([steps, last]) => (at) => [...Array<string>(8).fill('03'), ...steps.flatMap((step) => step(at)), ...last(at)])

const draft: fc.Arbitrary<Draft> = fc
  .record({
    programs: fc.tuple(program, program, program),
    data: fc.uint8Array({ maxLength: 100 }),
    gasLimit: fc.oneof(fc.constant(2_000_000n), fc.bigInt({ min: 23_000n, max: 300_000n })),
    value: fc.constantFrom(0n, 3n),
  })
  .map(({ programs, ...rest }) => ({
    ...rest,
    name: 'random program',
    account: { balance: 1000n },
    others: (at) => ({
      [at + 1]: { code: code(...programs[1](at)), balance: 10n },
      [at + 2]: { code: code(...programs[2](at)) },
    }),
    program: programs[0],
  }))

/** Programs that call each other, themselves and precompiles; the same ones for the same seed. Storage starts empty. */
export function randomCases(count: number, seed: number): Draft[] {
  return fc.sample(draft, { numRuns: count, seed }).map((one, index) => ({ ...one, name: `random program ${index}` }))
}

import { FIELD } from './field.ts'
import { LANES, matrixProduct, multiplyByMatrix, WIDTH } from './matrix.ts'
import { ROUND_CONSTANTS } from './roundConstants.ts'

const FULL_ROUNDS_HALF = 4
const PARTIAL_ROUNDS = 22
/** Partial rounds between two reductions of all lanes. Three would fit as well, but leave one of the 22 over. */
const PARTIAL_GROUP = 2

/**
 * Constants of each round. In partial rounds all but that of lane 0 pass the S-boxes untouched: they are moved through
 * the matrix into the next round, and the first full round after these gets what is left.
 */
function roundConstants(): bigint[][] {
  const rounds = Array.from({ length: ROUND_CONSTANTS.length / WIDTH }, (_, round) =>
    ROUND_CONSTANTS.slice(round * WIDTH, (round + 1) * WIDTH),
  )
  for (let round = FULL_ROUNDS_HALF; round < FULL_ROUNDS_HALF + PARTIAL_ROUNDS; round++) {
    const [first, ...others] = rounds[round] as [bigint, ...bigint[]]
    rounds[round] = [first]
    const moved = multiplyByMatrix([0n, ...others])
    rounds[round + 1] = rounds[round + 1]!.map((constant, lane) => constant + moved[lane]!)
  }
  return rounds
}

/** Adds the constants at the pointer to the first lanes and moves it on. */
function addConstants(count: number): string {
  const lines = LANES.slice(0, count).map(
    (lane) => `s${lane} = i64x2.add(s${lane}, v128.load(constants, ${16 * lane}));`,
  )
  return [...lines, `constants += ${16 * count};`].join('\n')
}

/** Puts the halves of four lanes, in pairs in two vectors, into a vector of low and one of high halves. */
const pack = (name: string, pair0: string, pair1: string) =>
  `const ${name}Low = v128.shuffle<u32>(${pair0}, ${pair1}, 0, 2, 4, 6), ` +
  `${name}High = v128.shuffle<u32>(${pair0}, ${pair1}, 1, 3, 5, 7);`

/** Products of four packed lanes, in pairs. */
function multiplyPacked(name: string, a: string, b: string): string {
  const half = (part: 'low' | 'high') => {
    const times = (x: string, y: string) => `i64x2.extmul_${part}_i32x4_u(${x}, ${y})`
    const [lowHigh, highLow] = [times(`${a}Low`, `${b}High`), times(`${b}Low`, `${a}High`)]
    return `product(${times(`${a}Low`, `${b}Low`)}, ${lowHigh}, ${highLow}, ${times(`${a}High`, `${b}High`)})`
  }
  return `const ${name}0 = ${half('low')}, ${name}1 = ${half('high')};`
}

/** The S-box, x^7, for four lanes. */
function sboxOfFour(first: number): string {
  const [a, b, c, d] = [0, 1, 2, 3].map((index) => `s${first + index}`) as [string, string, string, string]
  return `{
const x0 = joinTwo(${a}, ${b}), x1 = joinTwo(${c}, ${d});
${pack('x', 'x0', 'x1')}
${multiplyPacked('square', 'x', 'x')}
${pack('square', 'square0', 'square1')}
${multiplyPacked('cube', 'square', 'x')}
${pack('cube', 'cube0', 'cube1')}
${multiplyPacked('fourth', 'square', 'square')}
${pack('fourth', 'fourth0', 'fourth1')}
${multiplyPacked('seventh', 'cube', 'fourth')}
${a} = i64x2.extend_low_i32x4_u(seventh0);
${b} = i64x2.extend_high_i32x4_u(seventh0);
${c} = i64x2.extend_low_i32x4_u(seventh1);
${d} = i64x2.extend_high_i32x4_u(seventh1);
}`
}

const repeat = (count: number, body: string) => `for (let i = 0; i < ${count}; i++) {\n${body}\n}`

const FULL_ROUNDS = repeat(
  FULL_ROUNDS_HALF,
  [addConstants(WIDTH), ...[0, 4, 8].map(sboxOfFour), matrixProduct('s')].join('\n'),
)

/** The parts of the lanes grow by less than nine bits a product, so most lanes stay split for a few rounds. */
function partialRounds(): string {
  const shrinkAll = LANES.map((lane) => `s${lane} = shrink(s${lane});`)
  const round = [addConstants(1), 's0 = split(sbox(join(s0)));', matrixProduct('s')]
  const group = [...shrinkAll, ...Array<string[]>(PARTIAL_GROUP).fill(round).flat()]
  return repeat(PARTIAL_ROUNDS / PARTIAL_GROUP, group.join('\n'))
}

/**
 * AssemblyScript of the Poseidon kernel: `hashMany(input, output, count)` reads twelve u64 for each hash (eight inputs,
 * then the capacity) and writes four, below p. The state is twelve vectors, each a lane split into its halves. S-boxes
 * of full rounds work on four lanes at once, the matrix product on both halves of a lane.
 */
export function generateKernel(): string {
  const halves = roundConstants().flatMap((round) =>
    round.flatMap((constant) => [constant & 0xffffffffn, constant >> 32n]),
  )
  const loads = LANES.map((lane) => `let s${lane} = split(load<u64>(input, ${8 * lane}));`).join('\n')
  const stores = [0, 1, 2, 3].map((lane) => `store<u64>(output, canonical(join(s${lane})), ${8 * lane});`).join('\n')
  return `${FIELD}
const ROUND_CONSTANTS: usize = memory.data<u64>([${halves.map((half) => `0x${half.toString(16)}`).join(',')}], 16);

export function hashMany(input: usize, output: usize, count: i32): void {
for (let hash = 0; hash < count; hash++) {
let constants = ROUND_CONSTANTS;
${loads}
${FULL_ROUNDS}
${partialRounds()}
${FULL_ROUNDS}
${stores}
input += ${8 * WIDTH};
output += 32;
}
}
`
}

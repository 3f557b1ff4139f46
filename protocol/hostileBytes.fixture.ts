import fc from 'fast-check'
import { concatBytes } from '#common/bytes.ts'

/** Headers of RLP at their edges, the type of a block marker, lengths that claim too much. */
const TELLING_BYTES = [0x00, 0x0b, 0x7f, 0x80, 0x81, 0xa0, 0xb7, 0xb8, 0xba, 0xbf, 0xc0, 0xc1, 0xf7, 0xf8, 0xfa, 0xff]

const insertion = fc.oneof(
  fc.constantFrom(...TELLING_BYTES).map((byte) => Uint8Array.of(byte)),
  fc.uint8Array({ minLength: 1, maxLength: 4 }),
  fc.constant(new Uint8Array(4).fill(0xff)),
)
const edit = fc.record({
  kind: fc.constantFrom('flip', 'flip', 'replace', 'insert', 'remove', 'cut', 'repeat'),
  /** Taken modulo what there is. */
  at: fc.nat(0xffffffff),
  bit: fc.nat(7),
  bytes: insertion,
})
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

function apply(bytes: Uint8Array, { kind, at, bit, bytes: inserted }: Edit): Uint8Array {
  const index = bytes.length === 0 ? 0 : at % bytes.length
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)]
  switch (kind) {
    case 'flip':
      return bytes.length === 0 ? bytes : bytes.with(index, bytes[index]! ^ (1 << bit))
    case 'replace':
      return bytes.length === 0 ? inserted : concatBytes(before, inserted, after.subarray(inserted.length))
    case 'insert':
      return concatBytes(before, inserted, after)
    case 'remove':
      return concatBytes(before, after.subarray(1 + bit))
    case 'cut':
      return before
    default:
      return concatBytes(bytes, after)
  }
}

/** Valid bytes after a few edits, each of which may be anywhere, and bytes that never were valid. */
export function hostileBytes(valid: fc.Arbitrary<Uint8Array>, maxLength = 100): fc.Arbitrary<Uint8Array> {
  const edited = fc
    .tuple(valid, fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([bytes, edits]) => edits.reduce(apply, bytes))
  const telling = fc
    .array(fc.oneof(fc.constantFrom(...TELLING_BYTES), fc.nat(255)), { maxLength })
    .map((bytes) => Uint8Array.from(bytes))
  return fc.oneof(
    { weight: 4, arbitrary: edited },
    { weight: 1, arbitrary: telling },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength }) },
  )
}

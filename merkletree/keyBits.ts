/**
 * Keys in bulk: key `index` is the eight u32 at `8 * index`, least significant first, i.e. four field elements. The
 * levels of the tree take the elements in turn, from the least significant bit of each.
 */
export type KeyWords = Uint32Array

export const MAX_DEPTH = 256

/** Bit of the path at a level: 0 is left, 1 right. */
export function keyBit(keys: KeyWords, index: number, level: number): number {
  const bit = level >> 2
  return (keys[8 * index + 2 * (level & 3) + (bit >> 5)]! >>> (bit & 31)) & 1
}

export function flipKeyBit(keys: KeyWords, index: number, level: number): void {
  const bit = level >> 2
  const word = 8 * index + 2 * (level & 3) + (bit >> 5)
  keys[word] = keys[word]! ^ (1 << (bit & 31))
}

const consumedBits = (element: number, depth: number) => (depth >> 2) + (element < (depth & 3) ? 1 : 0)

/** What is left of a key at a depth: the bits of the levels above are shifted out of each element. */
export function writeRemainingKey(keys: KeyWords, from: number, depth: number, out: Uint32Array, at: number): void {
  for (let element = 0; element < 4; element++) {
    const shift = consumedBits(element, depth)
    const low = keys[from + 2 * element]!
    const high = keys[from + 2 * element + 1]!
    const lowOut = at + 2 * element
    if (shift === 0) {
      out[lowOut] = low
      out[lowOut + 1] = high
    } else if (shift < 32) {
      out[lowOut] = (low >>> shift) | (high << (32 - shift))
      out[lowOut + 1] = high >>> shift
    } else {
      out[lowOut] = shift < 64 ? high >>> (shift - 32) : 0
      out[lowOut + 1] = 0
    }
  }
}

/** In place, the whole key again, from what is left of it and any key that shares the path so far. */
export function restoreKey(words: Uint32Array, at: number, path: KeyWords, pathAt: number, depth: number): void {
  for (let element = 0; element < 4; element++) {
    const shift = consumedBits(element, depth)
    if (shift === 0) continue
    const low = words[at + 2 * element]!
    const high = words[at + 2 * element + 1]!
    const pathLow = path[pathAt + 2 * element]!
    const pathHigh = path[pathAt + 2 * element + 1]!
    if (shift < 32) {
      words[at + 2 * element] = (low << shift) | (pathLow & ((1 << shift) - 1))
      words[at + 2 * element + 1] = (high << shift) | (low >>> (32 - shift))
    } else {
      const rest = shift - 32
      words[at + 2 * element] = pathLow
      words[at + 2 * element + 1] = rest === 32 ? pathHigh : (low << rest) | (pathHigh & ((1 << rest) - 1))
    }
  }
}

/**
 * Moves, within order[from..to), the keys that turn left at this level before those that turn right; returns where
 * these begin.
 */
export function partition(keys: KeyWords, order: Int32Array, from: number, to: number, level: number): number {
  let middle = from
  for (let position = from; position < to; position++) {
    const index = order[position]!
    if (keyBit(keys, index, level) === 1) continue
    order[position] = order[middle]!
    order[middle++] = index
  }
  return middle
}

/** Hash, data (64 or 65 bytes), its length, unused. */
const RECORD_BYTES = 104
const HASH_BYTES = 32
const LENGTH_OFFSET = 97
const CHUNK_RECORDS = 1024

/**
 * Nodes by hash in a few large arrays: about 120 bytes each, nothing for the garbage collector to visit. Nodes are
 * added and never removed; what `find` returns is a view of the arena and must not be changed.
 */
export class NodeArena {
  readonly #chunks: Uint8Array[] = []
  #size = 0
  /** Open addressing, at most half full. A slot is four bytes of the hash and record number + 1, 0 when it is free. */
  #slots = new Int32Array(2 * 32)

  get size(): number {
    return this.#size
  }

  find(hash: Uint8Array): Uint8Array | undefined {
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    const tag = tagOf(hash)
    for (let slot = tag & mask; ; slot = (slot + 1) & mask) {
      const record = slots[2 * slot + 1]! - 1
      if (record < 0) return undefined
      if (slots[2 * slot] !== tag) continue
      const chunk = this.#chunks[Math.floor(record / CHUNK_RECORDS)]!
      const offset = (record % CHUNK_RECORDS) * RECORD_BYTES
      if (!startsWith(chunk, offset, hash)) continue
      return chunk.subarray(offset + HASH_BYTES, offset + HASH_BYTES + chunk[offset + LENGTH_OFFSET]!)
    }
  }

  /** @param data 64 or 65 bytes, copied. A node that is there already is left as it is. */
  add(hash: Uint8Array, data: Uint8Array): void {
    if (4 * (this.#size + 1) > this.#slots.length) this.#grow()
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    const tag = tagOf(hash)
    let slot = tag & mask
    for (; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (slots[2 * slot] !== tag) continue
      const record = slots[2 * slot + 1]! - 1
      const chunk = this.#chunks[Math.floor(record / CHUNK_RECORDS)]!
      if (startsWith(chunk, (record % CHUNK_RECORDS) * RECORD_BYTES, hash)) return
    }
    const record = this.#size++
    const index = Math.floor(record / CHUNK_RECORDS)
    if (index === this.#chunks.length) this.#chunks.push(new Uint8Array(CHUNK_RECORDS * RECORD_BYTES))
    const chunk = this.#chunks[index]!
    const offset = (record % CHUNK_RECORDS) * RECORD_BYTES
    chunk.set(hash, offset)
    chunk.set(data, offset + HASH_BYTES)
    chunk[offset + LENGTH_OFFSET] = data.length
    slots[2 * slot] = tag
    slots[2 * slot + 1] = record + 1
  }

  #grow(): void {
    const before = this.#slots
    const slots = new Int32Array(2 * before.length)
    const mask = before.length - 1
    for (let old = 0; old < before.length; old += 2) {
      if (before[old + 1] === 0) continue
      let slot = before[old]! & mask
      while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
      slots[2 * slot] = before[old]!
      slots[2 * slot + 1] = before[old + 1]!
    }
    this.#slots = slots
  }
}

function tagOf(hash: Uint8Array): number {
  return (hash[28]! << 24) | (hash[29]! << 16) | (hash[30]! << 8) | hash[31]!
}

function startsWith(chunk: Uint8Array, offset: number, hash: Uint8Array): boolean {
  for (let i = HASH_BYTES - 1; i >= 0; i--) if (chunk[offset + i] !== hash[i]) return false
  return true
}

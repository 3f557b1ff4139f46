import { createHash } from 'node:crypto'
import { wordCount } from '../gas.ts'
import type { Precompile } from './precompiles.ts'

export const sha256: Precompile = {
  gas: (input) => 60 + 12 * wordCount(input.length),
  run: (input) => new Uint8Array(createHash('sha256').update(input).digest()),
}

export const identity: Precompile = {
  gas: (input) => 15 + 3 * wordCount(input.length),
  run: (input) => input.slice(),
}

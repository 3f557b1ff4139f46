import { InvalidArgumentError } from 'commander'
import { BatchNumber } from '#protocol/primitives.ts'

/** A batch that L1 can have: 1 is the first. */
export function batchArgument(text: string): BatchNumber {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('It is the number of a batch, from 1 on.')
  return BatchNumber(Number(text))
}

import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { ProofFormatError } from '../errors.ts'
import type { PublicInputsExtended } from './messages.ts'

/** What a final proof says it is about: the claims, and who may send it. */
export type FinalStatement = {
  oldStateRoot: Hex
  oldAccInputHash: Hex
  oldBatchNumber: number
  chainId: number
  forkId: number
  newStateRoot: Hex
  newAccInputHash: Hex
  newLocalExitRoot: Hex
  newBatchNumber: number
  aggregator: Hex
}

const FINAL_PROOF = /^0x[0-9a-fA-F]{1536}$/

/** The 24 words of the proof text. @throws {ProofFormatError} */
export function splitFinalProof(text: string): Hash[] {
  if (!FINAL_PROOF.test(text))
    throw new ProofFormatError('The final proof is not 0x and 1536 hex digits.', {
      facts: { length: text.length, start: text.slice(0, 12) },
    })
  return text
    .slice(2)
    .toLowerCase()
    .match(/.{64}/g)!
    .map((word) => `0x${word}` as Hash)
}

/** @throws {ProofFormatError} naming the field */
export function readStatement(message: PublicInputsExtended | null): FinalStatement {
  const inputs = message?.publicInputs
  if (message === null || inputs === null || inputs === undefined)
    throw new ProofFormatError('The final proof comes without its public inputs.')
  return {
    oldStateRoot: readWord('old_state_root', inputs.oldStateRoot),
    oldAccInputHash: readWord('old_acc_input_hash', inputs.oldAccInputHash),
    oldBatchNumber: inputs.oldBatchNum,
    chainId: inputs.chainId,
    forkId: inputs.forkId,
    newStateRoot: readWord('new_state_root', message.newStateRoot),
    newAccInputHash: readWord('new_acc_input_hash', message.newAccInputHash),
    newLocalExitRoot: readWord('new_local_exit_root', message.newLocalExitRoot),
    newBatchNumber: message.newBatchNum,
    aggregator: readAddress(inputs.aggregatorAddr),
  }
}

/**
 * A word as provers write it: up to 32 bytes, big-endian, without its leading zeros or with them; or 64 hex digits as
 * text, with or without 0x.
 */
function readWord(field: string, bytes: Uint8Array): Hex {
  const digits = bytes.length <= 32 ? bytesToHex(bytes).slice(2) : withoutPrefix(Buffer.from(bytes).toString('latin1'))
  if (digits.length > 64 || !/^[0-9a-f]*$/.test(digits))
    throw new ProofFormatError('A public input is neither 32 bytes nor 64 hex digits.', {
      facts: { field, sizeBytes: bytes.length },
    })
  return `0x${digits.padStart(64, '0')}`
}

/** Provers leave out leading zeros. */
function readAddress(text: string): Address {
  const digits = withoutPrefix(text)
  if (digits.length > 40 || !/^[0-9a-f]*$/.test(digits))
    throw new ProofFormatError('The aggregator address is not hex of 20 bytes.', {
      facts: { field: 'aggregator_addr', length: text.length },
    })
  return `0x${digits.padStart(40, '0')}` as Address
}

const withoutPrefix = (text: string): string => text.toLowerCase().replace(/^0x/, '')

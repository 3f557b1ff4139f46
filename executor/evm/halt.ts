/** Why a frame ended without having asked for it. All its gas is gone and all it wrote is taken back. */
export type HaltReason =
  | 'out of gas'
  | 'stack underflow'
  | 'stack overflow'
  | 'invalid opcode'
  | 'invalid jump destination'
  | 'write protection'
  | 'return data out of bounds'
  | 'contract address collision'
  | 'max code size exceeded'
  | 'invalid code: must not begin with 0xef'
  | 'precompile failed'

/** Thrown by an instruction. Not an Error: it is part of normal execution, and a stack trace would dominate its cost. */
export class ExceptionalHalt {
  readonly reason: HaltReason

  constructor(reason: HaltReason) {
    this.reason = reason
  }
}

export const OUT_OF_GAS = new ExceptionalHalt('out of gas')
export const STACK_UNDERFLOW = new ExceptionalHalt('stack underflow')
export const STACK_OVERFLOW = new ExceptionalHalt('stack overflow')
export const INVALID_OPCODE = new ExceptionalHalt('invalid opcode')
export const INVALID_JUMP = new ExceptionalHalt('invalid jump destination')
export const WRITE_PROTECTION = new ExceptionalHalt('write protection')
export const RETURN_DATA_OUT_OF_BOUNDS = new ExceptionalHalt('return data out of bounds')

import type { BuildingBlocks } from './formulas.ts'
import { CONTEXT, type Context } from './formulas.ts'
import { type CounterVector, NOTHING, sum, times, vector } from './vector.ts'

/** What every instruction takes before it does anything. Init code is read from memory, but for that of a deployment. */
export function fetchCost(blocks: BuildingBlocks, context: Context): CounterVector {
  const isFromMemory = context === CONTEXT.create || (context === CONTEXT.deploy && blocks.isEarlierEstimate)
  return sum(vector({ S: blocks.fetchSteps }), isFromMemory ? sum(blocks.mLoadX, blocks.shrArith) : NOTHING)
}

/** Steps to read the operand of a PUSH from stored code. */
function readPushSteps(length: number): number {
  if (length === 1) return 2
  if (length <= 4) return length + 2
  return length === 32 ? 45 : 6 + 2 * length
}

/** The first table reads the operand in words of four bytes, each costlier than the one before, and what is left byte by byte. */
function readPushInWords(length: number): CounterVector {
  const words = Math.ceil(length / 4)
  const left = length % 4
  return vector({ S: 37 + 16 * words + 4 * words ** 2 + 40 * left, B: 2 + words + 4 * left })
}

function pushCost(
  { variant, mLoadX, shrArith, shlArith }: BuildingBlocks,
  context: Context,
  length: number,
): CounterVector {
  const isFirst = variant === 'fork7'
  const readCode = isFirst ? vector({ S: 2, B: 1 }) : NOTHING
  if (context === CONTEXT.create) return sum(vector({ S: 22 }), readCode, mLoadX, shrArith)
  if (context === CONTEXT.deploy)
    return sum(vector({ S: 12 + 10 * length }), readCode, variant === 'fork9' ? NOTHING : times(length, shlArith))
  if (isFirst) return sum(vector({ S: 12 }), readPushInWords(length))
  return vector({ S: 12 + readPushSteps(length) })
}

/** What instructions take whatever their operands: the parts that depend on those are in meter.ts. By opcode. */
export function staticCosts(blocks: BuildingBlocks, context: Context): CounterVector[] {
  const { path, divArith, mulArith, mLoad32, mLoadX, shrArith, offsetUtil, saveMem, maskAddress } = blocks
  const { isColdAddress, isColdSlot, isEmptyAccount, gasForCall, openFrame, revertFrame, abs, mStoreX, isProgram } =
    blocks
  const costs: CounterVector[] = Array.from({ length: 256 }, () => NOTHING)
  const fetch = fetchCost(blocks, context)
  const set = (opcodes: number | readonly number[], ...parts: CounterVector[]) => {
    for (const opcode of typeof opcodes === 'number' ? [opcodes] : opcodes) costs[opcode] = sum(fetch, ...parts)
  }
  const jumpTarget = sum(
    vector({ S: 10, B: blocks.variant === 'fork7' ? 0 : 1 }),
    context === CONTEXT.create ? sum(vector({ B: 1 }), mLoadX) : NOTHING,
  )
  const readAccount = sum(path, maskAddress, isColdAddress)
  const beginCall = sum(maskAddress, isColdAddress, gasForCall, openFrame)

  set(0x00, vector({ S: 20 }))
  set([0x01, 0x03], vector({ S: 10, B: 1 }))
  set(0x02, vector({ S: 10 }), mulArith)
  set(0x04, vector({ S: 15 }), divArith)
  set(0x05, vector({ S: 25, B: 1 }), times(2, abs), divArith)
  set(0x06, vector({ S: 20 }), divArith)
  set(0x07, vector({ S: 20, B: 1 }), times(2, abs), divArith)
  set(0x08, vector({ S: 30, B: 3, A: 1 }))
  set(0x09, vector({ S: 10 }), blocks.mulMod)
  set(0x0a, vector({ S: 10 }))
  set(0x0b, vector({ S: 20, B: 6 }), isProgram ? NOTHING : times(2, path))
  set([0x10, 0x11, 0x12, 0x13, 0x14, 0x15], vector({ S: 8, B: 1 }))
  set([0x16, 0x17, 0x18, 0x19], vector({ S: 10, B: 1 }), blocks.isEarlierEstimate ? path : NOTHING)
  set(0x1a, vector({ S: 15, B: 2 }), shrArith)
  set(0x1b, vector({ S: 8, B: 1 }), blocks.shlArithBit)
  set(0x1c, vector({ S: 8, B: 1 }), blocks.shrArithBit)
  set(0x1d, vector({ S: 25, B: 5 }), blocks.shrArithBit)
  set(0x20, vector({ S: 40 }), times(2, divArith), mulArith, mLoadX, shrArith)
  set(0x30, vector({ S: 6 }))
  set(0x31, vector({ S: 8 }), readAccount)
  set([0x32, 0x33, 0x34, 0x3a], vector({ S: 5 }))
  set(0x35, vector({ S: 15 }), blocks.readFromCalldata)
  set(0x36, vector({ S: 10 }))
  set(0x38, vector({ S: 10 }), path)
  set([0x3b, 0x3f], vector({ S: 10 }), readAccount)
  set(0x3d, vector({ S: 11, B: 1 }))
  set(0x40, vector({ S: 15, K: 1 }), path)
  set([0x41, 0x42, 0x43, 0x44, 0x45, 0x46], vector({ S: 5 }))
  set(0x47, vector({ S: 8 }), path)
  set(0x50, vector({ S: 3 }))
  set(0x51, vector({ S: 8 }), saveMem(32), mLoad32)
  set(0x52, vector({ S: 22, M: 1 }), saveMem(32), offsetUtil)
  set(0x53, vector({ S: 13, M: 1 }), saveMem(1), offsetUtil)
  set(0x54, vector({ S: 10 }), path, isColdSlot)
  set(0x55, vector({ S: 70, B: 8 }), times(isProgram ? 4 : 3, path), isColdSlot)
  set(0x56, vector({ S: 5 }), jumpTarget)
  set(0x57, vector({ S: 10, B: 1 }), jumpTarget)
  set(0x58, vector({ S: 4 }))
  set(0x59, vector({ S: 15 }), divArith)
  set([0x5a, 0x5f], vector({ S: 4 }))
  set(0x5b, vector({ S: 2 }))
  for (let length = 1; length <= 32; length++) set(0x5f + length, pushCost(blocks, context, length))
  for (let depth = 0; depth < 16; depth++) {
    set(0x80 + depth, vector({ S: 6 }))
    set(0x90 + depth, vector({ S: 7 }))
  }
  for (let topics = 0; topics <= 4; topics++)
    set(0xa0 + topics, vector({ S: 62, B: 1 }), mulArith, divArith, mLoadX, shrArith, blocks.log)
  set(0xf0, vector({ S: 70, B: 3 }), times(3, path), gasForCall, openFrame)
  set(0xf1, vector({ S: 80, B: 5 }), beginCall, isProgram ? NOTHING : isEmptyAccount)
  set(0xf2, vector({ S: 80, B: 5 }), beginCall)
  set(0xf3, vector({ S: 30, B: 1 }), returnCost(blocks, context))
  set([0xf4, 0xfa], vector({ S: 80 }), beginCall)
  set(0xf5, vector({ S: 80, B: 4 }), times(2, path), divArith, gasForCall, openFrame)
  set(0xfd, vector({ S: 40, B: 1 }), revertFrame, mLoadX, mStoreX)
  set(0xfe, vector({ S: 50 }))
  set(0xff, vector({ S: 60, B: 3 }), times(4, path), maskAddress, isEmptyAccount, isColdAddress, blocks.addArith)
  return costs
}

function returnCost({ path, checkFirstByte, mLoadX, mStoreX }: BuildingBlocks, context: Context): CounterVector {
  if (context === CONTEXT.create) return sum(vector({ S: 25, B: 2 }), times(2, path), checkFirstByte)
  return context === CONTEXT.deploy ? NOTHING : sum(mLoadX, mStoreX)
}

import { type CounterVector, NOTHING, sum, times, vector } from './vector.ts'

/** Where code runs: init code is not in the tree and is read from calldata (deploy) or memory (create). */
export const CONTEXT = { ordinary: 0, deploy: 1, create: 2 } as const
export type Context = (typeof CONTEXT)[keyof typeof CONTEXT]
export const CONTEXT_COUNT = 3

/** Levels of the scratch trees of a transaction and of the block info tree. */
const SMALL_TREE_LEVELS = 23
const SMALL_PATH = vector({ P: SMALL_TREE_LEVELS })
/** One path of the state tree; what it comes to depends on the depth of the tree. */
const PATH = vector({ MCP: 1 })

/** One path of the tree of what a transaction has touched, as the program reads it. */
const TOUCHED_PATH = vector({ P: 12 })

/**
 * The tables of estimates: of the releases for forks 8 and 9, of the one for fork 12, and of the first, for fork 7, of which
 * no description was found: how it differs from the second was derived from its vectors. `program` is no estimate: it
 * takes the usual way through each routine, counted in the program of fork 9.
 */
export type FormulaVariant = 'fork7' | 'fork9' | 'fork12' | 'program'

/** Steps of the routines the instructions share. Those of shifts are without the division in them. */
type RoutineSteps = Record<
  'fetch' | 'divArith' | 'mulArith' | 'shrArith' | 'shlArith' | 'shrArithBit' | 'shlArithBit',
  number
>
const EARLIER_STEPS: RoutineSteps = {
  ...{ fetch: 12, divArith: 50, mulArith: 50, shrArith: 50, shlArith: 100, shrArithBit: 30, shlArithBit: 50 },
}
const STEPS: Record<FormulaVariant, RoutineSteps> = {
  fork7: EARLIER_STEPS,
  fork9: EARLIER_STEPS,
  fork12: { ...EARLIER_STEPS, divArith: 40, mulArith: 40, shrArith: 40, shlArith: 40 },
  program: { fetch: 10, divArith: 35, mulArith: 26, shrArith: 32, shlArith: 39, shrArithBit: 24, shlArithBit: 32 },
}

/** Cost of the program's building blocks. Source: virtual counters of the zkEVM's reference processor; zkEVM ROM. */
export function buildingBlocks(variant: FormulaVariant) {
  const isLater = variant === 'fork12'
  const isProgram = variant === 'program'
  const steps = STEPS[variant]
  const divArith = vector({ S: steps.divArith, B: 3, A: 1 })
  const mulArith = vector({ S: steps.mulArith, B: 1, A: 1 })
  const addArith = vector({ S: 10, B: 1 })
  const shrArith = sum(vector({ S: steps.shrArith, B: 2, A: 1 }), divArith)
  const shlArith = vector({ S: steps.shlArith, B: isLater || isProgram ? 2 : 4, A: 2 })
  const shrArithBit = sum(vector({ S: steps.shrArithBit, B: 2 }), divArith)
  const shlArithBit = vector({ S: steps.shlArithBit, B: 2, A: isProgram ? 1 : 2 })
  const offsetUtil = vector({ S: isProgram ? 12 : 10, B: 1 })
  const { mLoad32, mLoadX, mStore32, mStoreX } = memoryAccess(variant, { offsetUtil, shrArith, shlArith })
  const saveNoMem = vector({ S: 12, B: 1 })
  const saveSomeMem = isProgram ? vector({ S: 23, B: 4 }) : sum(vector({ S: 50, B: 5 }), mulArith, divArith)
  const batchBytes = vector({ S: 10 })
  const isColdAddress = isProgram
    ? sum(vector({ S: 25, B: 2 }), TOUCHED_PATH)
    : sum(vector({ S: 100, B: 3 }), times(2, SMALL_PATH))
  const readCode = sum(vector({ S: 20 }), mLoadX, shrArith) // checks the first byte
  const poseidonBlock = vector({ P: 1, D: 1 })
  const consolidateBlock = sum(vector({ S: 20, B: 2 }), times(2, SMALL_PATH))
  const ecRecover = vector({ S: 6294, A: 528, B: 523, K: 1 })
  const lengthInBytes = (bytes: number) => sum(vector({ S: 7 * bytes + 12, B: bytes }), times(bytes, shrArith))
  const lengthsInBytes = Array.from({ length: 33 }, (_, bytes) => lengthInBytes(bytes)) // of numbers: asked for often
  const moveValue = sum(vector({ S: 25, B: 5 }), times(isProgram ? 6 : 4, PATH)) // writing takes two paths
  const processFrame = sum(vector({ S: 40, B: 5, P: 1, D: 1 }), times(2, PATH), isProgram ? NOTHING : moveValue)
  return {
    variant,
    isProgram,
    /** Counts some things per byte or word that its successors count per block. */
    isEarlierEstimate: variant === 'fork7' || variant === 'fork9',
    fetchSteps: steps.fetch,
    path: PATH,
    smallPath: SMALL_PATH,
    divArith,
    mulArith,
    addArith,
    shrArith,
    shlArith,
    shrArithBit,
    shlArithBit,
    offsetUtil,
    mLoad32,
    mLoadX,
    mStore32,
    mStoreX,
    saveMem: (length: number) => (length === 0 ? saveNoMem : saveSomeMem),
    readFromCalldata: sum(vector({ S: 25 }), isProgram ? mLoad32 : mLoadX),
    mulMod: sum(vector({ S: 50, B: 4, A: 2 }), mulArith),
    abs: vector({ S: 10, B: 2 }),
    maskAddress: vector({ S: 6, B: 1 }),
    lengthInBytes: (bytes: number) => lengthsInBytes[bytes] ?? lengthInBytes(bytes),
    power: isProgram
      ? (exponent: bigint) => power(exponent.toString(2).length, onesOf(exponent), { divArith, mulArith })
      : (_exponent: bigint, bytes: number) => power(8 * bytes, 8 * bytes, { divArith, mulArith }),
    isColdAddress,
    isColdSlot: sum(vector({ S: 20, B: 1 }), isProgram ? TOUCHED_PATH : times(2, SMALL_PATH)),
    /** An address or slot is added to the touched ones; the estimates count that with every look. */
    warming: isProgram ? times(2, TOUCHED_PATH) : NOTHING,
    isEmptyAccount: sum(vector({ S: 30, B: 3 }), times(3, PATH)),
    gasForCall: vector({ S: 25, B: 2 }),
    /** Pointer to calldata, checkpoints of warmth and of the block info tree. */
    openFrame: vector({ S: 6 + 2 + 4 }),
    revertFrame: vector({ S: 2 + 4 }),
    checkFirstByte: readCode,
    hashFromMemory: (length: number) =>
      sum(
        vector({ S: 50, B: 2 }),
        times(Math.ceil((length + 1) / 56), poseidonBlock),
        divArith,
        times(Math.floor(length / 32), sum(vector({ S: 8 }), mLoad32)),
        mLoadX,
        shrArith,
      ),
    consolidateBlock,
    newBlockInfoTree: sum(vector({ S: 40, B: 7 }), times(6, SMALL_PATH)),
    /** A transaction around its frame, receipt included. */
    transaction: sum(
      vector({ S: 300 + 20, B: 18, D: 5, A: 2, K: 1 }),
      times(14, PATH),
      times(2, isColdAddress),
      times(3, addArith),
      addArith, // subtracts
      divArith,
      times(4, mulArith),
      times(3, SMALL_PATH),
    ),
    /** Reading a transaction, without what depends on its size. */
    parsing: sum(
      vector({ S: 250 + 42 + 10 * (9 + 8), B: 2 }),
      times(21, batchBytes),
      lengthInBytes(3),
      divArith,
      shlArith,
      ecRecover,
    ),
    log: sum(vector({ S: 11, B: 1 }), SMALL_PATH),
    infoProof: vector({ S: 250, K: 33, B: isLater ? 1 : 0 }),
    batchBytes,
    batchByte: sum(vector({ S: 25, B: 1 }), shrArith, batchBytes),
    poseidonBlock,
    ecRecover,
    processFrame,
    moveValue,
  }
}

type Shifts = { offsetUtil: CounterVector; shrArith: CounterVector; shlArith: CounterVector }

/** Reading and writing a word of memory, or a part of one. Only a part is shifted, which the estimates do not tell apart. */
function memoryAccess(variant: FormulaVariant, { offsetUtil, shrArith, shlArith }: Shifts) {
  if (variant === 'program') {
    const mLoad32 = sum(vector({ S: 22, B: 1, M: 1 }), offsetUtil)
    const mStore32 = sum(vector({ S: 30, B: 1, M: 1 }), offsetUtil)
    return {
      mLoad32,
      mLoadX: sum(mLoad32, vector({ S: 9 }), shrArith, shlArith),
      mStore32,
      mStoreX: sum(mStore32, vector({ S: 14 }), times(2, shrArith), times(2, shlArith)),
    }
  }
  const isLater = variant === 'fork12'
  const mLoad32 = sum(vector({ S: 40, B: 2, M: 1 }), offsetUtil, shrArith, shlArith)
  const mLoadX = isLater ? sum(vector({ S: 30, B: 2, M: 1 }), offsetUtil, shrArith, shlArith) : mLoad32
  const shifts = sum(times(2, shrArith), times(2, shlArith))
  const mStore32 = sum(vector({ S: isLater ? 80 : 100, B: 1, M: 1 }), offsetUtil, shifts)
  return { mLoad32, mLoadX, mStore32, mStoreX: mStore32 }
}

type Arithmetic = { divArith: CounterVector; mulArith: CounterVector }

/** Square and multiply. @param ones set bits of the exponent */
function power(bits: number, ones: number, { divArith, mulArith }: Arithmetic): CounterVector {
  const perBit = sum(vector({ S: 9 + 12, B: 1 + 2 }), times(2, divArith), mulArith)
  return sum(vector({ S: 30 + 12, B: 2 }), times(bits, perBit), times(ones, mulArith))
}

function onesOf(value: bigint): number {
  let ones = 0
  for (const digit of value.toString(2)) if (digit === '1') ones++
  return ones
}

export type BuildingBlocks = ReturnType<typeof buildingBlocks>

/** The frame of a call. The estimates count a value as moved in any case. */
export function callFrame(blocks: BuildingBlocks, codeSize: number, movesValue: boolean): CounterVector {
  const { isProgram, isEmptyAccount, moveValue } = blocks
  return sum(
    blocks.processFrame,
    isProgram && movesValue ? sum(isEmptyAccount, moveValue) : NOTHING,
    times(Math.ceil((codeSize + 1) / 56), blocks.poseidonBlock),
    codeSize >= 56 ? blocks.divArith : NOTHING,
  )
}

export function deployFrame(blocks: BuildingBlocks, codeSize: number): CounterVector {
  return sum(
    blocks.processFrame,
    vector({ S: 15, B: 2 }),
    times(2, blocks.path),
    blocks.checkFirstByte,
    blocks.hashFromMemory(codeSize),
  )
}

export function createFrame(blocks: BuildingBlocks, kind: 'CREATE' | 'CREATE2', length: number): CounterVector {
  const common = sum(deployFrame(blocks, length), vector({ S: 40, K: 1 }), blocks.maskAddress)
  if (kind === 'CREATE') return common
  return sum(
    common,
    blocks.divArith,
    vector({ K: Math.ceil((length + 1) / 136) + 1 }),
    times(Math.floor(length / 32), blocks.mLoad32),
    blocks.mLoadX,
    blocks.shrArith,
  )
}

/** A transaction around its execution: `size` of the called code, or of the code a deployment returned. */
export function transactionCost(blocks: BuildingBlocks, size: number, isDeploy: boolean): CounterVector {
  return sum(blocks.transaction, isDeploy ? deployFrame(blocks, size) : callFrame(blocks, size, true))
}

/** Lengths in bytes of a transaction's parts, as the batch carries them; numbers in their shortest form, at least 1. */
export type TransactionLengths = {
  item: number
  data: number
  gasPrice: number
  gasLimit: number
  value: number
  chainId: number
  nonce: number
}

/** Reading a transaction from the batch and finding its sender. */
export function parsingCost(blocks: BuildingBlocks, lengths: TransactionLengths): CounterVector {
  const { parsing, batchByte, lengthInBytes, poseidonBlock } = blocks
  const { item, data } = lengths
  const words = Math.floor(data / 32)
  const numbers = [lengths.gasPrice, lengths.gasLimit, lengths.value, lengths.chainId, lengths.nonce]
  return sum(
    parsing,
    vector({ S: 20 * words, K: Math.ceil((item + 1) / 136) }),
    times(Math.ceil((item + 1) / 56) + 3, poseidonBlock),
    ...numbers.map(lengthInBytes),
    data >= 56 ? lengthInBytes(data) : NOTHING,
    data > 0 ? times(data, batchByte) : NOTHING,
  )
}

const BATCH_BINARIES = { fork7: 1, fork9: 3, fork12: 4, program: 4 } as const satisfies Record<FormulaVariant, number>

/** What every batch takes, `length` bytes of data. */
export function batchCost(
  { variant, path, divArith, consolidateBlock }: BuildingBlocks,
  length: number,
): CounterVector {
  return sum(
    vector({ S: 302, B: BATCH_BINARIES[variant], K: Math.ceil((length + 1) / 136) + 2 }),
    times(2, path),
    divArith,
    consolidateBlock,
  )
}

const WORD_SIZE_BYTES = 32
/** Reading a word of data from the batch, and its length in front of the data. */
const READ_WORD = vector({ S: 40 })
const READ_DATA_LENGTH = vector({ S: 260, B: 18, A: 6 })
/** Pricing the byte's gas included. A shift ends early when nothing is left of the word, and when the word is zero. */
const READ_BYTE = {
  byte: vector({ S: 94, B: 6, A: 2 }),
  leadingZero: vector({ S: 85, B: 5, A: 1 }),
  ofZeroWord: vector({ S: 49, B: 2, A: 1 }),
}

/** What the program takes for a transaction's data: it shifts each byte out of its word, to hash it. */
export function readingDataCost(data: Uint8Array): CounterVector {
  let [zeros, leading] = [0, 0]
  for (let start = 0; start < data.length; start += WORD_SIZE_BYTES) {
    const word = data.subarray(start, start + WORD_SIZE_BYTES)
    const first = word.findIndex((byte) => byte !== 0)
    if (first < 0) zeros += word.length
    else leading += first
  }
  return sum(
    times(Math.ceil(data.length / WORD_SIZE_BYTES), READ_WORD),
    READ_DATA_LENGTH,
    times(data.length - zeros - leading, READ_BYTE.byte),
    times(leading, READ_BYTE.leadingZero),
    times(zeros, READ_BYTE.ofZeroWord),
  )
}

/** Reading a block marker from the batch. */
export function markerCost({ batchBytes }: BuildingBlocks): CounterVector {
  return sum(vector({ S: 20 }), times(3, batchBytes))
}

/** Opening and consolidating a block. @param info it brings a leaf of the L1 info tree */
export function blockCost(blocks: BuildingBlocks, info: boolean): CounterVector {
  const { isEarlierEstimate, path, consolidateBlock, newBlockInfoTree, infoProof } = blocks
  return sum(
    vector({ S: 70, B: 8, K: 2 }),
    times(6, path),
    consolidateBlock,
    newBlockInfoTree,
    info || isEarlierEstimate ? infoProof : NOTHING,
  )
}

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

/**
 * The tables of estimates: of the releases for forks 8 and 9, of the one for fork 12, and of the first, for fork 7, of which
 * no description was found: how it differs from the second was derived from its vectors.
 */
export type FormulaVariant = 'fork7' | 'fork9' | 'fork12'

/** Cost of the program's building blocks. Source: the virtual counters of the zkEVM's reference processor. */
export function buildingBlocks(variant: FormulaVariant) {
  const isLater = variant === 'fork12'
  const divArith = vector({ S: isLater ? 40 : 50, B: 3, A: 1 })
  const mulArith = vector({ S: isLater ? 40 : 50, B: 1, A: 1 })
  const addArith = vector({ S: 10, B: 1 })
  const shrArith = sum(vector({ S: isLater ? 40 : 50, B: 2, A: 1 }), divArith)
  const shlArith = isLater ? vector({ S: 40, B: 2, A: 2 }) : vector({ S: 100, B: 4, A: 2 })
  const shrArithBit = sum(vector({ S: 30, B: 2 }), divArith)
  const shlArithBit = vector({ S: 50, B: 2, A: 2 })
  const offsetUtil = vector({ S: 10, B: 1 })
  const mLoad32 = sum(vector({ S: 40, B: 2, M: 1 }), offsetUtil, shrArith, shlArith)
  const mLoadX = isLater ? sum(vector({ S: 30, B: 2, M: 1 }), offsetUtil, shrArith, shlArith) : mLoad32
  const mStore32 = sum(
    vector({ S: isLater ? 80 : 100, B: 1, M: 1 }),
    offsetUtil,
    times(2, shrArith),
    times(2, shlArith),
  )
  const saveNoMem = vector({ S: 12, B: 1 })
  const saveSomeMem = sum(vector({ S: 50, B: 5 }), mulArith, divArith)
  const batchBytes = vector({ S: 10 })
  const isColdAddress = sum(vector({ S: 100, B: 3 }), times(2, SMALL_PATH))
  const readCode = sum(vector({ S: 20 }), mLoadX, shrArith) // checks the first byte
  const poseidonBlock = vector({ P: 1, D: 1 })
  const consolidateBlock = sum(vector({ S: 20, B: 2 }), times(2, SMALL_PATH))
  const ecRecover = vector({ S: 6294, A: 528, B: 523, K: 1 })
  const lengthInBytes = (bytes: number) => sum(vector({ S: 7 * bytes + 12, B: bytes }), times(bytes, shrArith))
  const lengthsInBytes = Array.from({ length: 33 }, (_, bytes) => lengthInBytes(bytes)) // of numbers: asked for often
  const processFrame = sum(
    vector({ S: 40, B: 5, P: 1, D: 1 }),
    times(2, PATH),
    vector({ S: 25, B: 5 }), // moves the value
    times(4, PATH),
  )
  return {
    variant,
    path: PATH,
    smallPath: SMALL_PATH,
    divArith,
    mulArith,
    addArith,
    subArith: addArith,
    shrArith,
    shlArith,
    shrArithBit,
    shlArithBit,
    offsetUtil,
    mLoad32,
    mLoadX,
    mStore32,
    mStoreX: mStore32,
    saveMem: (length: number) => (length === 0 ? saveNoMem : saveSomeMem),
    readFromCalldata: sum(vector({ S: 25 }), mLoadX),
    mulMod: sum(vector({ S: 50, B: 4, A: 2 }), mulArith),
    abs: vector({ S: 10, B: 2 }),
    maskAddress: vector({ S: 6, B: 1 }),
    lengthInBytes: (bytes: number) => lengthsInBytes[bytes] ?? lengthInBytes(bytes),
    power: (bits: number) =>
      sum(
        vector({ S: 30 + 12, B: 2 }),
        times(bits, sum(vector({ S: 9 + 12, B: 1 + 2 }), times(2, divArith), times(2, mulArith))),
      ),
    isColdAddress,
    isColdSlot: sum(vector({ S: 20, B: 1 }), times(2, SMALL_PATH)),
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
    receipt: sum(vector({ S: 20 }), times(3, SMALL_PATH)),
    log: sum(vector({ S: 11, B: 1 }), SMALL_PATH),
    infoProof: vector({ S: 250, K: 33, B: isLater ? 1 : 0 }),
    batchBytes,
    batchByte: sum(vector({ S: 25, B: 1 }), shrArith, batchBytes),
    poseidonBlock,
    ecRecover,
    processFrame,
  }
}

export type BuildingBlocks = ReturnType<typeof buildingBlocks>

export function callFrame(blocks: BuildingBlocks, codeSize: number): CounterVector {
  return sum(
    blocks.processFrame,
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
  const { addArith, subArith, divArith, mulArith, isColdAddress, receipt, path } = blocks
  return sum(
    vector({ S: 300, B: 18, D: 5, A: 2, K: 1 }),
    times(14, path),
    times(2, isColdAddress),
    times(3, addArith),
    subArith,
    divArith,
    times(4, mulArith),
    receipt,
    isDeploy ? deployFrame(blocks, size) : callFrame(blocks, size),
  )
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
  const { batchBytes, batchByte, divArith, shlArith, ecRecover, lengthInBytes, poseidonBlock } = blocks
  const { item, data } = lengths
  const words = Math.floor(data / 32)
  const numbers = [lengths.gasPrice, lengths.gasLimit, lengths.value, lengths.chainId, lengths.nonce]
  return sum(
    vector({ S: 250 + 42 + 10 * (9 + words) + 10 * (8 + words), B: 2, K: Math.ceil((item + 1) / 136) }),
    times(Math.ceil((item + 1) / 56) + 3, poseidonBlock),
    times(21, batchBytes),
    lengthInBytes(3),
    ...numbers.map(lengthInBytes),
    data >= 56 ? lengthInBytes(data) : NOTHING,
    divArith,
    times(data, batchByte),
    shlArith,
    ecRecover,
  )
}

const BATCH_BINARIES = { fork7: 1, fork9: 3, fork12: 4 } as const satisfies Record<FormulaVariant, number>

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

/**
 * How far `parsingCost` is above what the program takes: it prices the length of the data once per byte of data, where
 * the program writes a length of at most three bytes.
 */
export function parsingSurplus({ lengthInBytes }: BuildingBlocks, { data }: TransactionLengths): CounterVector {
  return data >= 56 ? sum(lengthInBytes(data), times(-1, lengthInBytes(3))) : NOTHING
}

/** Reading a block marker from the batch. */
export function markerCost({ batchBytes }: BuildingBlocks): CounterVector {
  return sum(vector({ S: 20 }), times(3, batchBytes))
}

/** Opening and consolidating a block. @param info it brings a leaf of the L1 info tree */
export function blockCost(blocks: BuildingBlocks, info: boolean): CounterVector {
  const { variant, path, consolidateBlock, newBlockInfoTree, infoProof } = blocks
  return sum(
    vector({ S: 70, B: 8, K: 2 }),
    times(6, path),
    consolidateBlock,
    newBlockInfoTree,
    info || variant !== 'fork12' ? infoProof : NOTHING,
  )
}

import { findHeader, type HeaderRow } from '#db/rpc/blocks.ts'
import type { MinedTransaction } from '#db/rpc/transactions.ts'
import type { TracerSpec } from '#executor/tracers/createRecorder.ts'
import type { Hash } from '#protocol/primitives.ts'
import { findTransaction } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import type { TransactionTrace } from './threads/jobs/traceBlock.ts'

export type TraceLimits = { timeoutMs: number; signal: AbortSignal | undefined }

const transactionNotFound = () => serverError('transaction not found')

/** @throws {RpcError} -32000 transaction not found, also for one that only waits */
export async function getTracedTransaction(
  deps: Pick<ApiDeps, 'db' | 'head'>,
  txHash: Hash,
): Promise<{ mined: MinedTransaction; header: HeaderRow }> {
  const mined = await findTransaction(deps, txHash)
  if (mined === undefined) throw transactionNotFound()
  const header = await findHeader(deps.db, mined.blockNumber)
  if (header?.hash !== mined.blockHash) throw transactionNotFound()
  return { mined, header }
}

/** Traces of a block's transactions, in order, or of the one at a position. @throws {RpcError} -32000 for genesis */
export async function traceBlock(
  { evm, evmBlock }: Pick<ApiDeps, 'evm' | 'evmBlock'>,
  header: HeaderRow,
  { spec, only }: { spec: TracerSpec; only?: number },
  limits: TraceLimits,
): Promise<TransactionTrace[]> {
  const { blockNumber, hash } = header
  if (blockNumber === 0) throw serverError('genesis is not traceable')
  if (header.txCount === 0) return []
  const { forkId } = await evmBlock(header)
  return await evm.run('traceBlock', { blockNumber, hash, forkId, spec, only }, limits)
}

/** Trace of a mined transaction as JSON, with its place. @throws {RpcError} -32000 transaction not found */
export async function traceTransaction(
  deps: Pick<ApiDeps, 'db' | 'head' | 'evm' | 'evmBlock'>,
  txHash: Hash,
  spec: TracerSpec,
  limits: TraceLimits,
): Promise<{ json: string; mined: MinedTransaction; header: HeaderRow }> {
  const { mined, header } = await getTracedTransaction(deps, txHash)
  const [trace] = await traceBlock(deps, header, { spec, only: mined.txIndex }, limits)
  return { json: trace!.json, mined, header }
}

import {
  Client,
  Connection,
  isGrpcDeadlineError,
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { NodeError } from '#common/errors.ts'
import type { Config } from '#config/schema.ts'

/** Temporal, or who works on its workflows, does not answer. */
export class TemporalAwayError extends NodeError {
  override readonly name = 'TemporalAwayError'
}
/** The workflow is not there, or does not do what was asked. */
export class ProofCommandError extends NodeError {
  override readonly name = 'ProofCommandError'
}

const CONNECT_TIMEOUT_MS = 5000

/** @throws {TemporalAwayError} */
export async function withTemporal<T>(
  { address, namespace }: Pick<Config['temporal'], 'address' | 'namespace'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { connectionOptions } = loadClientConnectConfig()
  const connection = await Connection.connect({
    ...{ ...connectionOptions, address, connectTimeout: CONNECT_TIMEOUT_MS },
  }).catch((cause: unknown) => {
    throw new TemporalAwayError('Temporal does not answer.', { cause, facts: { address } })
  })
  try {
    return await work(new Client({ connection, namespace }))
  } catch (error) {
    throw explain(error, { address, namespace })
  } finally {
    await connection.close()
  }
}

/** What an operator can do with a failure of the client; others stay as they are. */
export function explain(error: unknown, facts: Record<string, string>): unknown {
  if (error instanceof NodeError) return error
  if (error instanceof WorkflowUpdateFailedError)
    return new ProofCommandError(error.cause?.message ?? error.message, { cause: error, facts })
  if (error instanceof WorkflowNotFoundError)
    return new ProofCommandError('There is no such workflow at work: not begun, or ended already.', {
      ...{ cause: error, facts },
    })
  const isLate = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)
  if (isLate)
    return new TemporalAwayError(
      'No answer in time; what was asked may still happen. Does a `workflows` process run?',
      {
        ...{ cause: error, facts },
      },
    )
  const service = [error, (error as Error | undefined)?.cause].find(isGrpcServiceError)
  if (service === undefined) return error
  return new TemporalAwayError('Temporal does not do it.', {
    ...{ cause: error, facts: { ...facts, error: service.details } },
  })
}

import { setTimeout } from 'node:timers/promises'
import type { ProverConnection } from './connection.ts'
import { ProverFault } from './fault.ts'
import type { GetProofResponse, Requests } from './messages.ts'

export type GenName = 'genBatchProofRequest' | 'genAggregatedProofRequest' | 'genFinalProofRequest'
/** A request for a proof. */
export type GenRequest = { [Name in GenName]: { name: Name; body: Requests[Name] } }[GenName]

export type PollTimes = {
  /** The first pause between two questions; each next one is half as long again, up to `pollIntervalMs`. */
  firstPollMs: number
  pollIntervalMs: number
}

/** One question in so many is whether the prover is at the request at all. */
const POLLS_PER_STATUS = 4

/** @returns what the prover calls the request. @throws {ProverFault} */
export async function requestProof(connection: ProverConnection, { name, body }: GenRequest): Promise<string> {
  const { result, id } = await connection.ask(name, body)
  if (result === 'RESULT_ERROR') throw new ProverFault(`Refused the inputs: ${result} to ${name}.`)
  if (result !== 'RESULT_OK') throw new ProverFault(`Did not begin: ${result} to ${name}.`)
  if (id === '') throw new ProverFault(`Gave the request no id in its answer to ${name}.`)
  return id
}

/** Asks once for the result; the answer is of this request. @throws {ProverFault} */
export async function askForProof(connection: ProverConnection, requestId: string): Promise<GetProofResponse> {
  const answer = await connection.ask('getProofRequest', { id: requestId })
  if (answer.id !== '' && answer.id !== requestId)
    throw new ProverFault(`Answered getProofRequest for ${requestId} with the result of ${answer.id}.`)
  return answer
}

/** The prover need not go on. It is told and not waited for: its next status says when it is free. */
export function cancelProof(connection: ProverConnection, requestId: string): void {
  connection.ask('cancelRequest', { id: requestId }).catch(() => {}) // the stream is over, and the request with it
}

/**
 * Asks until the proof is there. A request that is given up, because of the deadline or because the signal aborts, is
 * cancelled at the prover; `keepsRequest` tells for which reasons of an abort it is left there, to be collected later.
 * @throws {ProverFault} {ProverStreamError} or the signal's reason
 */
export async function pollProof(
  connection: ProverConnection,
  requestId: string,
  {
    signal,
    deadlineMs,
    times,
    keepsRequest,
    onPending,
  }: {
    signal: AbortSignal
    deadlineMs: number
    times: PollTimes
    keepsRequest: (reason: unknown) => boolean
    onPending: () => void
  },
): Promise<GetProofResponse> {
  const deadline = Date.now() + deadlineMs
  const disturbed = AbortSignal.any([signal, connection.over])
  let pauseMs = times.firstPollMs
  for (let polls = 1; ; polls++) {
    if (signal.aborted) {
      if (!keepsRequest(signal.reason)) cancelProof(connection, requestId)
      throw signal.reason
    }
    if (Date.now() >= deadline) {
      cancelProof(connection, requestId)
      throw new ProverFault(`No proof within ${deadlineMs} ms.`)
    }
    const answer = await askForProof(connection, requestId)
    if (answer.result === 'RESULT_COMPLETED_OK') return answer
    if (answer.result !== 'RESULT_PENDING') throw failureOf(answer)
    onPending()
    if (polls % POLLS_PER_STATUS === 0) await assertNotLost(connection, requestId)
    await setTimeout(Math.min(pauseMs, Math.max(0, deadline - Date.now())), undefined, { signal: disturbed }).catch(
      () => {}, // told apart above, and by the next question
    )
    pauseMs = Math.min(times.pollIntervalMs, 1.5 * pauseMs)
  }
}

function failureOf({ result, resultString }: GetProofResponse): ProverFault {
  const says = resultString === '' ? result : `${result} (${resultString.slice(0, 200)})`
  switch (result) {
    case 'RESULT_ERROR':
      return new ProverFault(`Lost the request: ${says} to getProofRequest.`)
    case 'RESULT_CANCEL':
      return new ProverFault(`Gave the request up: ${says}.`)
    default:
      return new ProverFault(`Could not prove: ${says}.`)
  }
}

/** A prover that is idle and has last computed something else will never finish this request. */
async function assertNotLost(connection: ProverConnection, requestId: string): Promise<void> {
  const { status, lastComputedRequestId } = await connection.ask('getStatusRequest', {})
  if (status !== 'STATUS_IDLE' || lastComputedRequestId === '' || lastComputedRequestId === requestId) return
  throw new ProverFault(`Lost the request: it is idle and last computed ${lastComputedRequestId}.`)
}

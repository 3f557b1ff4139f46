import { type ServerDuplexStream, status } from '@grpc/grpc-js'
import { NodeError } from '#common/errors.ts'
import {
  type AggregatorMessage,
  ANSWERS,
  type AnswerTo,
  type ProverMessage,
  proverMessage,
  type RequestName,
  type Requests,
} from './messages.ts'

/** Why a stream is over. `fault`: its prover did what no sound prover does; `closed`: we ended it for reasons of ours. */
export type Ending = { by: 'fault' | 'dropped' | 'closed'; reason: string }

/** The stream to a prover is over; there is no answer, and none will come. */
export class ProverStreamError extends NodeError {
  override readonly name = 'ProverStreamError'

  constructor({ reason }: Ending) {
    super(reason)
  }
}

/** Incoming messages stay bytes, so that what cannot be read is told from what broke on the way. */
export type ProverStream = ServerDuplexStream<Buffer, AggregatorMessage>

type Pending = {
  id: string
  name: RequestName
  resolve: (message: ProverMessage) => void
  reject: (error: Error) => void
  timer: NodeJS.Timeout
}

const DROPPED: Ending = { by: 'dropped', reason: 'The prover ended its stream.' }

/**
 * One stream of one prover: a request at a time, each with its answer. An answer carries the request's id, or none (then
 * the order tells). Whatever does not fit ends the stream as a fault: after it, order would tell nothing.
 */
export class ProverConnection {
  /** Host and port of the prover's side. */
  readonly address: string
  readonly #stream: ProverStream
  readonly #answerDeadlineMs: number
  readonly #over = new AbortController()
  #ending: Ending | undefined
  #pending: Pending | undefined
  #lastId = 0
  #tail: Promise<unknown> = Promise.resolve()

  constructor(stream: ProverStream, { answerDeadlineMs }: { answerDeadlineMs: number }) {
    this.#stream = stream
    this.#answerDeadlineMs = answerDeadlineMs
    this.address = stream.getPeer()
    const dropped = () => this.#finish(DROPPED)
    stream.on('data', (bytes: Buffer) => this.#receive(bytes))
    stream.on('end', dropped)
    stream.on('cancelled', dropped)
    stream.on('error', dropped)
    stream.on('close', dropped)
  }

  /** Aborts when the stream is over, before whoever waits for an answer hears of it. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Undefined while the stream is open. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  /** Waits for its turn. @throws {ProverStreamError} when the stream ends before there is an answer */
  ask<Name extends RequestName>(name: Name, body: Requests[Name]): Promise<AnswerTo<Name>> {
    const answer = this.#tail.then(() => this.#exchange(name, body))
    this.#tail = answer.catch(() => {})
    return answer.then((message) => message[ANSWERS[name]] as AnswerTo<Name>)
  }

  /** Ends the stream from our side. */
  end(ending: Ending): void {
    if (!this.#finish(ending)) return
    const code = ending.by === 'fault' ? status.INVALID_ARGUMENT : status.ABORTED
    this.#stream.emit('error', { code, details: ending.reason })
  }

  #exchange<Name extends RequestName>(name: Name, body: Requests[Name]): Promise<ProverMessage> {
    return new Promise((resolve, reject) => {
      if (this.#ending !== undefined) return reject(new ProverStreamError(this.#ending))
      const id = String(++this.#lastId)
      const timer = setTimeout(() => {
        this.end({ by: 'fault', reason: `No answer to ${name} within ${this.#answerDeadlineMs} ms.` })
      }, this.#answerDeadlineMs)
      this.#pending = { id, name, resolve, reject, timer }
      this.#stream.write({ id, [name]: body })
    })
  }

  #receive(bytes: Buffer): void {
    if (this.#ending !== undefined) return
    let message: ProverMessage
    try {
      message = proverMessage.decode(bytes)
    } catch {
      this.end({ by: 'fault', reason: `Sent ${bytes.length} bytes that are no ProverMessage.` })
      return
    }
    const reason = whatIsWrong(message, this.#pending)
    if (reason !== undefined) {
      this.end({ by: 'fault', reason })
      return
    }
    const { timer, resolve } = this.#pending!
    clearTimeout(timer)
    this.#pending = undefined
    resolve(message)
  }

  /** @returns whether this is what ended it */
  #finish(ending: Ending): boolean {
    if (this.#ending !== undefined) return false
    this.#ending = ending
    this.#over.abort(ending)
    if (this.#pending !== undefined) {
      clearTimeout(this.#pending.timer)
      this.#pending.reject(new ProverStreamError(ending))
      this.#pending = undefined
    }
    return true
  }
}

/** Undefined when the message answers what was asked. */
function whatIsWrong({ id, response }: ProverMessage, asked: Pending | undefined): string | undefined {
  const got = response ?? 'nothing'
  if (asked === undefined) return `Sent ${got} without being asked.`
  if (id !== '' && id !== asked.id) {
    const isOlder = Number(id) > 0 && Number(id) < Number(asked.id)
    return `Answered ${asked.name} under ${isOlder ? 'the id of an older request' : 'an unknown id'}.`
  }
  return got === ANSWERS[asked.name] ? undefined : `Answered ${asked.name} with ${got}.`
}

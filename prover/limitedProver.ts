import type { JobControl, Prover } from './types.ts'

/**
 * A prover that works on so many jobs at once; others wait for their turn, in order. Whoever asks should not ask for
 * more: this is for what comes all the same.
 */
export function limitProver(prover: Prover, limit: number): Prover {
  const waiting: (() => void)[] = []
  let free = limit

  async function enter({ signal, onProgress }: JobControl): Promise<void> {
    signal.throwIfAborted()
    if (free > 0) {
      free--
      return
    }
    onProgress({ stage: 'waiting for its turn' })
    await new Promise<void>((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(take), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(take)
    })
  }
  async function inTurn<T>(control: JobControl, work: () => Promise<T>): Promise<T> {
    await enter(control)
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
  return {
    kind: prover.kind,
    proveBatch: (job, control) => inTurn(control, () => prover.proveBatch(job, control)),
    aggregate: (job, control) => inTurn(control, () => prover.aggregate(job, control)),
    finalize: (job, control) => inTurn(control, () => prover.finalize(job, control)),
  }
}

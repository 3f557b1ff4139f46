import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export type StormOptions = {
  seed: number
  batches: number
  /** Prover processes of each kind. */
  embedded: number
  remote: number
  /** Kept afterwards; undefined for a temporary one, which is kept only when something did not hold. */
  folder: string | undefined
  /** Retries what parks, as an operator would; otherwise what parks is a fault. */
  operator: boolean
  minutes: number
}

const USAGE = `npm run storm -- --seed N    a network whose provers are killed and misbehave, until all batches are verified

  --seed N       decides what is sent, who is killed when, and which jobs go wrong how (1)
  --batches N    (100)
  --embedded N   prover processes at the task queue (2)
  --remote N     test provers that dial in over gRPC and misbehave in every way they know (2)
  --data-dir DIR keeps the network's folder
  --operator     retries proofs that park, instead of calling it a fault
  --minutes N    after which it gives up (15)
`

/** Options, or the text to print for --help. @throws {TypeError} */
export function readStormOptions(args: string[]): StormOptions | string {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args,
    options: {
      ...{ seed: text, batches: text, embedded: text, remote: text, minutes: text, 'data-dir': text },
      ...{ operator: flag, help: flag },
    },
  })
  if (values.help) return USAGE
  const number = (name: 'seed' | 'batches' | 'embedded' | 'remote' | 'minutes', byDefault: number) => {
    const given = values[name] ?? String(byDefault)
    if (!/^\d+$/.test(given)) throw new TypeError(`--${name} takes a number.\n\n${USAGE}`)
    return Number(given)
  }
  const [embedded, remote] = [number('embedded', 2), number('remote', 2)]
  if (embedded + remote === 0) throw new TypeError(`Without provers there are no proofs.\n\n${USAGE}`)
  return {
    ...{ seed: number('seed', 1), batches: number('batches', 100), minutes: number('minutes', 15), embedded, remote },
    folder: values['data-dir'] === undefined ? undefined : resolve(values['data-dir']),
    operator: values.operator ?? false,
  }
}

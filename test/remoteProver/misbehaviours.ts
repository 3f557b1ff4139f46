/** How a test prover misbehaves, drawn anew for each job it is given (`wrong-fork`: for each stream). */
export const MISBEHAVIOURS = {
  slow: 'holds the right result back for a while',
  hang: 'gives no answer any more',
  'wrong-fork': 'says that it is of the next fork',
  'wrong-root': 'proves another state root',
  'wrong-signature': 'signs with something that is no signature',
  garbage: 'answers with bytes that are no message',
  'wrong-answer': 'answers another question',
  oversize: 'gives eight megabytes of nothing as proof',
  empty: 'gives an empty proof',
  disconnect: 'drops its stream in mid-proof',
  'old-id': 'answers under the id of an older request',
  'other-result': 'gives the result of another request',
  refuse: 'says that the inputs are wrong',
  lose: 'knows nothing of the request when it is asked for the result',
  fail: 'says that it could not prove',
} as const

export type Misbehaviour = keyof typeof MISBEHAVIOURS

/** @throws on a name that is none */
export function readMisbehaviours(text: string): Misbehaviour[] {
  const names = text.split(',').filter((name) => name !== '')
  for (const name of names)
    if (!(name in MISBEHAVIOURS))
      throw new Error(`No such misbehaviour: ${name}. There are ${Object.keys(MISBEHAVIOURS).join(', ')}.`)
  return names as Misbehaviour[]
}

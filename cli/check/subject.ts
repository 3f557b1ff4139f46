import type { Role } from '../run/roles.ts'

/** What somebody outside the process has to offer. */
export type Part = 'l1' | 'state' | 'proofStore' | 'temporal'
export type KeyName = 'sequencer' | 'aggregator' | 'attester'

type Needs = { parts: readonly Part[]; keys: readonly KeyName[] }

const NEEDS: Record<Role, Needs> = {
  workflows: { parts: ['l1', 'state', 'proofStore', 'temporal'], keys: ['sequencer', 'aggregator'] },
  sequencer: { parts: ['state', 'temporal'], keys: [] },
  synchronizer: { parts: ['l1', 'state', 'temporal'], keys: [] },
  prover: { parts: ['proofStore', 'temporal'], keys: ['attester'] },
  aggregator: { parts: ['proofStore', 'temporal'], keys: [] },
  api: { parts: ['state', 'temporal'], keys: [] },
  follower: { parts: ['l1', 'state', 'temporal'], keys: [] },
}

/** What the roles need together. */
export function needsOf(roles: readonly Role[]): { parts: ReadonlySet<Part>; keys: readonly KeyName[] } {
  const needs = roles.map((role) => NEEDS[role])
  return {
    parts: new Set(needs.flatMap(({ parts }) => parts)),
    keys: [...new Set(needs.flatMap(({ keys }) => keys))],
  }
}

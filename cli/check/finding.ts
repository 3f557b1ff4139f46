import { reasonOf } from '../nodeConfig.ts'

/** fault: the node cannot work so. warning: it can, but somebody should look. skipped: could not be asked. */
export type FindingStatus = 'fault' | 'warning' | 'fine' | 'skipped'

export type Finding = {
  status: FindingStatus
  /** Its place in the configuration file, such as network.contracts.rollup. */
  option: string
  /** That it was read from instead of the file. */
  variable?: string
  found: string
  /** What to do; of faults and warnings. */
  remedy?: string
}

export const fault = (option: string, found: string, remedy: string): Finding => ({
  ...{ status: 'fault', option, found, remedy },
})
export const warning = (option: string, found: string, remedy: string): Finding => ({
  ...{ status: 'warning', option, found, remedy },
})
export const fine = (option: string, found: string): Finding => ({ status: 'fine', option, found })
export const skipped = (option: string, found: string): Finding => ({ status: 'skipped', option, found })

/** Longest wait for anybody's answer: all are asked at the same time. */
export const ANSWER_WITHIN_MS = 5000

/** A check that fails in a way nobody thought of hides nothing of the others. */
export async function guard(option: string, check: Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check
  } catch (error) {
    return [fault(option, `cannot be checked: ${reasonOf(error)}`, 'See whether it answers as it should.')]
  }
}

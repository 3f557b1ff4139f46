import { opsPortOf, type ProcessRole } from '#config/ops.ts'

/** Of the first process, and of those that are not where they usually are. */
export type OpsPorts = { port: number; ports: Partial<Record<ProcessRole, number>> }

/** Where each process is asked. */
export const operationsUrls = (ops: OpsPorts, roles: readonly ProcessRole[]): Partial<Record<ProcessRole, string>> =>
  Object.fromEntries(roles.map((role) => [role, `http://127.0.0.1:${opsPortOf(role, ops)}`]))

/**
 * Operations ports for the processes of a node: the usual ones from `first` on, others for those that are busy.
 * @param choose takes the port that is preferred, or says who takes another one
 */
export async function chooseOpsPorts(
  choose: (name: string, preferred: number) => Promise<number>,
  first: number,
  roles: readonly ProcessRole[],
  prefix = '',
): Promise<OpsPorts> {
  const chosen: OpsPorts = { port: first, ports: {} }
  for (const role of roles) {
    const preferred = opsPortOf(role, { port: first, ports: {} })
    const port = await choose(`${prefix}operations of ${role}`, preferred)
    if (port !== preferred) chosen.ports[role] = port
  }
  return chosen
}

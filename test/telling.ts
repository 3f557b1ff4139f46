import type { Tell } from '#activities/tell.ts'

/** What activities of a test tell workflows, as `workflowId signalName`, in order. */
export function recordTelling(): { tell: Tell; told: string[] } {
  const told: string[] = []
  const tell: Tell = async (workflowId, { name }) => void told.push(`${workflowId} ${name}`)
  return { tell, told }
}

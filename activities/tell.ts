import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { SignalDefinition } from '@temporalio/workflow'

/** Tells a workflow by a signal. */
export type Tell = <Payload>(workflowId: string, signal: SignalDefinition<[Payload]>, payload: Payload) => Promise<void>

/**
 * For activities that tell what they have done: from the workflow that waits for them it would be a task and five events
 * more. A receiver that is away finds the fact in the State DB. At least once: the activity may be repeated.
 */
export const createTell =
  (client: Pick<Client, 'workflow'>): Tell =>
  async (workflowId, signal, payload) => {
    try {
      await client.workflow.getHandle(workflowId).signal(signal, payload)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
  }

import type { Context } from '@temporalio/activity'
import type { ActivityInterceptors } from '@temporalio/worker'
import { withLogFields } from '#common/logger.ts'

/** What an activity logs, in whatever room, says for which workflow. */
export const activityLog = ({ info }: Context): ActivityInterceptors => ({
  inbound: {
    execute: (input, next) =>
      withLogFields(
        {
          workflowId: info.workflowExecution?.workflowId,
          activity: info.activityType,
          attempt: info.attempt,
        },
        () => next(input),
      ),
  },
})

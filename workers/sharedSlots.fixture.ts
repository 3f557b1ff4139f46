import * as wf from '@temporalio/workflow'

/** Runs `work` once a name, on the queue that comes with it. */
export async function workOnQueues(jobs: { queue: string; name: string; priorityKey?: number }[]): Promise<void> {
  type Activities = { work: (name: string) => Promise<void> }
  const run = ({ queue, name, priorityKey }: (typeof jobs)[number]) => {
    const priority = priorityKey === undefined ? {} : { priority: { priorityKey } }
    return wf.proxyActivities<Activities>({ taskQueue: queue, startToCloseTimeout: '1 minute', ...priority }).work(name)
  }
  await Promise.all(jobs.map(run))
}

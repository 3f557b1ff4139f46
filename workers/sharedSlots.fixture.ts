import * as wf from '@temporalio/workflow'

/** Runs `work` once a name, on the queue that comes with it. */
export async function workOnQueues(jobs: { queue: string; name: string }[]): Promise<void> {
  type Activities = { work: (name: string) => Promise<void> }
  const run = ({ queue, name }: (typeof jobs)[number]) =>
    wf.proxyActivities<Activities>({ taskQueue: queue, startToCloseTimeout: '1 minute' }).work(name)
  await Promise.all(jobs.map(run))
}

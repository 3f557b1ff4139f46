import { setTimeout as delay } from 'node:timers/promises'
import { RpcError } from '../../../errors.ts'
import { serveJobs } from '../serveJobs.ts'

/** A thread that does what its jobs are called, for tests. */
serveJobs(async (kind, request, signal) => {
  if (kind === 'echo') return request
  if (kind === 'refuse') throw new RpcError(3, 'execution reverted', { data: '0x12' })
  if (kind === 'fail') throw new TypeError('no such thing')
  if (kind === 'exit') process.exit(7)
  if (kind === 'wait') await delay(3_600_000, undefined, { signal })
  if (kind === 'later') {
    await delay(Number(request))
    return 'done'
  }
  if (kind === 'hang') for (;;);
  return undefined
})

import type { TransferKind } from '../transfers.ts'
import { Load, type LoadOptions } from './load.ts'

/** What the process of the load is asked for, one after the other. */
export type LoadRequest =
  | { kind: 'prepare'; options: LoadOptions }
  | { kind: 'sign'; transfers: TransferKind }
  | { kind: 'send' }

let load: Load | undefined

async function answer(request: LoadRequest): Promise<object> {
  if (request.kind === 'prepare') load = await Load.prepare(request.options)
  else if (request.kind === 'sign') load!.sign(request.transfers)
  else {
    const before = process.cpuUsage()
    const result = await load!.send()
    const { user, system } = process.cpuUsage(before)
    return { ...result, loadCpuSeconds: (user + system) / 1e6 }
  }
  return {}
}

process.on('message', (request: LoadRequest) => {
  answer(request).then(
    (value) => process.send!({ value }),
    (error: Error) => process.send!({ error: error.stack }),
  )
})
process.on('disconnect', () => process.exit())

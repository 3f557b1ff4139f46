import { Gauge, type Registry } from 'prom-client'
import type { EvmThreads } from '../evm/threads/evmThreads.ts'

/** What the threads have to do. */
export function addEvmMetrics(registry: Registry, evm: EvmThreads): void {
  new Gauge({
    ...{ name: 'rpc_evm_jobs', registers: [registry], labelNames: ['state'] },
    help: 'Calls, estimates and traces by state: waiting for a thread, running, or leaving because nobody waits for them.',
    collect() {
      for (const [state, count] of Object.entries(evm.load)) this.set({ state }, count)
    },
  })
}

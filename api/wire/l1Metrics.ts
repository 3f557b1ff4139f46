import { Gauge, type Registry } from 'prom-client'
import type { Database } from '#db/client.ts'
import { type L1Progress, readL1Progress } from '#db/rpc/l1Progress.ts'

/** How far the synchronizer is, read from the State DB when somebody asks; nothing is told while it does not answer. */
export function addL1Metrics(registry: Registry, db: Database): void {
  const gauge = (name: string, help: string, read: (l1: L1Progress) => number) =>
    new Gauge({
      ...{ name: `l1_sync_${name}`, help, registers: [registry] },
      async collect() {
        const l1 = await readL1Progress(db).catch(() => undefined)
        if (l1 === undefined) this.reset()
        else this.set(read(l1))
      },
    })
  gauge('position_block', 'Last L1 block whose effects are stored.', ({ position }) => position)
  gauge('target_block', 'Newest L1 block that the state follows.', ({ target }) => target)
  const behind = ({ position, target }: L1Progress) => Math.max(0, target - position)
  gauge('behind_blocks', 'L1 blocks that are still to be read.', behind)
  const eta = (l1: L1Progress) => (behind(l1) === 0 ? 0 : (l1.etaSeconds ?? Number.NaN))
  gauge('eta_seconds', 'When all L1 blocks will be read, at the present pace; 0 when they are.', eta)
}

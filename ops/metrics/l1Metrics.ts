import type { Registry } from 'prom-client'
import type { Database } from '#db/client.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import { readForcedBatchAge, readL1PendingAge, readSenderFunds } from '#db/rpc/nodeFigures.ts'
import { createSource } from './source.ts'

const MAX_AGE_MS = 5000

/** How far the synchronizer is, and how our transactions on L1 are, as the State DB tells. */
export function addL1Metrics(registry: Registry, db: Database): void {
  const progress = createSource(registry, () => readL1Progress(db), MAX_AGE_MS)
  const behind = ({ position, target }: { position: number; target: number }) => Math.max(0, target - position)
  progress.gauge('l1_head', 'Newest L1 block that the state follows.', (l1) => l1?.target)
  progress.gauge('l1_processed', 'Last L1 block whose effects are stored.', (l1) => l1?.position)
  progress.gauge('l1_sync_behind_blocks', 'L1 blocks that are still to be read.', (l1) => l1 && behind(l1))
  progress.gauge(
    'l1_sync_age_seconds',
    'Seconds since L1 was last read.',
    (l1) => l1 && Math.max(0, (Date.now() - l1.updatedAt.getTime()) / 1000),
  )
  progress.gauge(
    'l1_sync_eta_seconds',
    'When all L1 blocks will be read, at the present pace; 0 when they are.',
    (l1) => l1 && (behind(l1) === 0 ? 0 : l1.etaSeconds),
  )

  const sending = createSource(
    registry,
    async () => ({ pending: await readL1PendingAge(db), senders: await readSenderFunds(db) }),
    MAX_AGE_MS,
  )
  sending.gauge(
    'l1_tx_pending_seconds',
    'Age of the oldest L1 transaction of ours that is not settled; 0 for none.',
    ({ pending }) => pending,
  )
  const funds = (name: string, help: string, key: 'balanceWei' | 'alarmWei') =>
    sending.labelled(name, help, ['role', 'address'], ({ senders }) =>
      senders.map(({ role, address, ...wei }) => ({ labels: { role, address }, value: wei[key] })),
    )
  funds('l1_sender_balance_wei', 'Ether of an account that sends to L1, before its last transaction.', 'balanceWei')
  funds('l1_sender_alarm_wei', 'Below this the account has to be funded.', 'alarmWei')

  const forced = createSource(registry, () => readForcedBatchAge(db), MAX_AGE_MS)
  forced.gauge(
    'forced_batch_age_seconds',
    'Age of the oldest batch that was forced on L1 and that the sequencer has not taken; 0 for none.',
    (age) => age,
  )
}

import { Gauge, type Registry } from 'prom-client'
import type { Database } from '#db/client.ts'
import { findSenderBalances } from '#db/l1Transactions.ts'

type Balance = Awaited<ReturnType<typeof findSenderBalances>>[number]

/** Funds of the accounts that send to L1, as they were before the last transaction of each. */
export function addSenderMetrics(registry: Registry, db: Database): void {
  const gauge = (name: string, help: string, read: (row: Balance) => bigint) =>
    new Gauge({
      ...{ name, help, labelNames: ['address'] as const, registers: [registry] },
      async collect() {
        this.reset()
        for (const row of await findSenderBalances(db).catch(() => []))
          this.set({ address: row.address }, Number(read(row)))
      },
    })
  gauge('l1_sender_balance_wei', 'Ether of an account that sends to L1.', ({ balanceWei }) => balanceWei)
  gauge('l1_sender_alarm_wei', 'Below this the account has to be funded.', ({ alarmWei }) => alarmWei)
}

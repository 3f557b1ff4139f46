import { Counter, type Registry } from 'prom-client'

/** Of the process that reads L1. */
export const createReorgCounter = (registry: Registry) =>
  new Counter({
    ...{ name: 'l1_reorgs_total', registers: [registry] },
    help: 'Reorgs of L1 that took back a block which was stored here.',
  })

/** Of the process that sends to L1. */
export const createFeeBumpCounter = (registry: Registry) =>
  new Counter({
    ...{ name: 'l1_tx_fee_bumps_total', registers: [registry] },
    help: 'L1 transactions signed again with higher fees.',
  })

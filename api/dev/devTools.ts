import { readSecret } from '#config/load.ts'
import type { Config } from '#config/schema.ts'
import { createFaucet, type Faucet } from './faucet.ts'
import { createL1Clock, type L1Clock } from './l1Clock.ts'

/** What the dev_ methods work with beside the database. */
export type DevTools = { l1Clock: L1Clock; faucet: Faucet | undefined }

/** Undefined where they are switched off, and on nodes that make no blocks. @throws {ConfigError} when the faucet's key cannot be read */
export function createDevTools({ role, dev, l1, rpc }: Config): DevTools | undefined {
  if (role !== 'sequencer' || !rpc.namespaces.includes('dev')) return undefined
  return {
    l1Clock: createL1Clock({ rpcUrl: l1.rpcUrls[0], movable: dev.movesL1Clock }),
    faucet: dev.faucetKey === undefined ? undefined : createFaucet(readSecret('dev.faucetKey', dev.faucetKey)),
  }
}

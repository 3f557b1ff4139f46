import type { Config } from '#config/schema.ts'
import { readPrivateKey } from '#config/secrets.ts'
import { createFaucet, type Faucet } from './faucet.ts'
import { createL1Clock, type L1Clock } from './l1Clock.ts'

/** What the dev_ methods work with beside the database. */
export type DevTools = { l1Clock: L1Clock; faucet: Faucet | undefined }

/** Undefined where they are switched off, and on nodes that make no blocks. @throws {ConfigError} when the faucet's key cannot be read */
export async function createDevTools({ role, dev, keys, l1, rpc }: Config): Promise<DevTools | undefined> {
  if (role !== 'sequencer' || !rpc.namespaces.includes('dev')) return undefined
  const faucetKey = dev.faucetKey === undefined ? undefined : await readPrivateKey('dev.faucetKey', dev.faucetKey, keys)
  return {
    l1Clock: createL1Clock({ rpcUrl: l1.rpcUrls[0], movable: dev.movesL1Clock }),
    faucet: faucetKey && createFaucet(faucetKey),
  }
}

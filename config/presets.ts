import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { NodeFileInput } from './schema.ts'

type Partly<T> = T extends object ? { [K in keyof T]?: Partly<T[K]> } : T

/** What is known of a network before its operator said anything; `needed` is what only the operator can say. */
export type Preset = { title: string; values: Partly<NodeFileInput>; needed: readonly string[] }

export const PRESETS = ['local', 'cardona', 'mainnet'] as const
export type PresetName = (typeof PRESETS)[number]

/**
 * Addresses, L1 block and root: zkevm-node config/mainnetgenesis.go (the same in zkevm-contracts
 * upgrade/upgradeToV2/mainnet_1706364989, with the fork), cdk-erigon hermezconfig-mainnet.yaml.example.
 */
const mainnet: Preset = {
  title: 'Polygon zkEVM mainnet, followed from Ethereum',
  values: {
    role: 'permissionless',
    trustedSequencer: { rpcUrl: 'https://zkevm-rpc.com' },
    network: {
      ...{ name: 'polygon-zkevm', chainId: 1101, forkId: 4, l1ChainId: 1, rollupId: 1 },
      contracts: {
        rollupManager: '0x5132A183E9F3CB7C848b0AAC5Ae0c4f0491B7aB2',
        rollup: '0x519E42c24163192Dca44CD3fBDCEBF6be9130987',
        globalExitRoot: '0x580bda1e7A0CFAe92Fa7F6c20A3794F169CE3CFb',
        pol: '0x455e53CBB86018Ac2B8092FdCd39d8444aFFC3F6',
        bridge: '0x2a3DD3EB832aF982ec71669E178424b10Dca2EDe',
      },
      ...{ verifier: 'fflonk', l1StartBlock: 16_896_721, genesisFile: 'genesis.json' },
      genesisRoot: '0x3f86b09b43e3e49a41fc20a07579b79eba044253367817d5c241d23c0e2bc5c9',
    },
  },
  needed: ['l1.rpcUrl'],
}

/** zkevm-node config/cardonagenesis.go, cdk-erigon hermezconfig-cardona.yaml.example. Its forks are read from L1. */
const cardona: Preset = {
  title: 'Polygon zkEVM Cardona, followed from Sepolia',
  values: {
    role: 'permissionless',
    trustedSequencer: { rpcUrl: 'https://rpc.cardona.zkevm-rpc.com' },
    network: {
      ...{ name: 'polygon-zkevm-cardona', chainId: 2442, l1ChainId: 11_155_111, rollupId: 1 },
      contracts: {
        rollupManager: '0x32d33D5137a7cFFb54c5Bf8371172bcEc5f310ff',
        rollup: '0xA13Ddb14437A8F34897131367ad3ca78416d6bCa',
        globalExitRoot: '0xAd1490c248c5d3CbAE399Fd529b79B42984277DF',
        pol: '0x6a7c3F4B0651d6DA389AD1d11D962ea458cDCA70',
        bridge: '0x528e26b25a34a4A5d0dbDa1d57D318153d2ED582',
      },
      ...{ verifier: 'fflonk', l1StartBlock: 4_789_190, genesisFile: 'genesis.json' },
      genesisRoot: '0x91dfcdeb628dfdc51f3a2ee38cb17c78581e4e7ff91bcc2e327d24a9dfa46982',
    },
  },
  needed: ['l1.rpcUrl'],
}

const ITS_OWN = [
  ...['rollupManager', 'rollup', 'globalExitRoot', 'pol'].map((name) => `network.contracts.${name}`),
  ...['network.l1StartBlock', 'network.genesisFile'],
]

const unknown: Preset = {
  title: 'A network whose contracts are on some L1',
  ...{ values: {}, needed: ['network.chainId', ...ITS_OWN, 'l1.rpcUrl'] },
}

/** A second node beside `npm start`; what each chain has of its own is taken from `folder`, if one is there. */
function local(folder: string, from: string): Preset {
  const values: Preset['values'] = {
    ...{ role: 'permissionless', trustedSequencer: { rpcUrl: 'http://127.0.0.1:8123' } },
    network: { name: 'local', chainId: 1001 },
    l1: { rpcUrl: 'http://127.0.0.1:8545' },
    ...{ rpc: { port: 8124 }, ops: { port: 9101 } },
  }
  const title = 'A local network (npm start), followed by a node of its own'
  const path = join(folder, 'node.json')
  if (!existsSync(path)) return { title, values, needed: ITS_OWN }
  const node = JSON.parse(readFileSync(path, 'utf8')) as NodeFileInput
  const genesisFile = relative(from, join(folder, node.network.genesisFile))
  return { title, values: { ...values, l1: node.l1, network: { ...node.network, genesisFile } }, needed: [] }
}

/** @param file where it is going to stand; a local network is looked for in `.zknode` beside it */
export function readPreset(name: PresetName | undefined, file: string): Preset {
  if (name === undefined) return unknown
  return name === 'local' ? local(join(dirname(file), '.zknode'), dirname(file)) : { mainnet, cardona }[name]
}

import { Interface } from 'ethers'
import { globalExitRootAbi, polAbi, rollupAbi, rollupManagerAbi, sequenceBatchesAbi } from '#contracts/abi.ts'
import { preEtrogAbi, preEtrogGlobalExitRootAbi } from '#contracts/abiPreEtrog.ts'

/** Contracts of the L1 side, parsed once. Sequencing calls are apart, since they differ by fork. */
export const rollupInterface = new Interface(rollupAbi)
export const rollupManagerInterface = new Interface(rollupManagerAbi)
export const globalExitRootInterface = new Interface(globalExitRootAbi)
export const polInterface = new Interface(polAbi)
export const sequencingInterfaces = {
  etrog: new Interface(sequenceBatchesAbi.etrog),
  elderberry: new Interface(sequenceBatchesAbi.elderberry),
  banana: new Interface(sequenceBatchesAbi.banana),
}

/** Contracts of forks 1 to 6. */
export const preEtrogInterface = new Interface(preEtrogAbi)
export const preEtrogGlobalExitRootInterface = new Interface(preEtrogGlobalExitRootAbi)

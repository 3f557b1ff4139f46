import type { ApiDeps } from '../deps.ts'
import { createMethodTable, type Method } from '../method.ts'
import { debugRawMethods } from './debugRaw.ts'
import { debugStateMethods } from './debugState.ts'
import { debugTraceMethods } from './debugTrace.ts'
import { devMethods } from './dev.ts'
import { devRefusedMethods } from './devRefused.ts'
import { devSnapshotMethods } from './devSnapshots.ts'
import { devStateMethods } from './devState.ts'
import { ethBlockMethods } from './ethBlocks.ts'
import { ethCallMethods } from './ethCall.ts'
import { ethCallManyMethods } from './ethCallMany.ts'
import { ethChainMethods } from './ethChain.ts'
import { ethFeeMethods } from './ethFees.ts'
import { ethFillMethods } from './ethFill.ts'
import { ethLogMethods } from './ethLogs.ts'
import { ethSendSyncMethods } from './ethSendSync.ts'
import { ethSimulateMethods } from './ethSimulate.ts'
import { ethStateMethods } from './ethState.ts'
import { ethSubscribeMethods } from './ethSubscribe.ts'
import { ethTransactionMethods } from './ethTransactions.ts'
import { nodeMethods } from './node.ts'
import { otsMethods } from './ots.ts'
import { otsTraceMethods } from './otsTrace.ts'
import { rpcMethods } from './rpc.ts'
import { traceMethods } from './trace.ts'
import { txpoolMethods } from './txpool.ts'
import { zkevmMethods } from './zkevm.ts'
import { zkevmBatchDataMethods } from './zkevmBatchData.ts'
import { zkevmBlockMethods } from './zkevmBlocks.ts'
import { zkevmEstimateMethods } from './zkevmEstimates.ts'
import { zkevmExitRootMethods } from './zkevmExitRoots.ts'
import { zkevmForkMethods } from './zkevmForks.ts'
import { zkevmNodeMethods } from './zkevmNode.ts'
import { zkevmProofMethods } from './zkevmProofs.ts'

/** Every method of the node, of the namespaces that are switched on. */
export function createMethods(deps: ApiDeps): Map<string, Method> {
  const methods = [
    ethChainMethods,
    ethBlockMethods,
    ethTransactionMethods,
    ethStateMethods,
    ethCallMethods,
    ethCallManyMethods,
    ethFillMethods,
    ethSendSyncMethods,
    ethSimulateMethods,
    ethFeeMethods,
    ethLogMethods,
    ethSubscribeMethods,
    debugTraceMethods,
    traceMethods,
    otsTraceMethods,
    nodeMethods,
    txpoolMethods,
    zkevmMethods,
    otsMethods,
    zkevmNodeMethods,
    zkevmBatchDataMethods,
    zkevmProofMethods,
    zkevmExitRootMethods,
    zkevmForkMethods,
    zkevmBlockMethods,
    debugStateMethods,
    debugRawMethods,
    zkevmEstimateMethods,
    devMethods,
    devStateMethods,
    devSnapshotMethods,
    devRefusedMethods,
  ].flatMap((create): Method[] => create(deps))
  const table = createMethodTable([...methods, ...rpcMethods(() => table)], deps.limits.namespaces)
  return table
}

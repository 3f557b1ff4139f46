import { bytesToHex } from '#common/bytes.ts'
import { decodeRevertReason } from '#protocol/revertReason.ts'
import { RPC_CODE, RpcError } from '../errors.ts'

/** Code 3, with the raw data: libraries decode custom errors from it. */
export function executionReverted(returnData: Uint8Array): RpcError {
  const reason = decodeRevertReason(returnData)
  return new RpcError(
    RPC_CODE.reverted,
    reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`,
    {
      data: bytesToHex(returnData),
    },
  )
}

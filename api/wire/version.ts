import { NODE_VERSION } from '#common/version.ts'

/** As web3_clientVersion and the HTTP greeting tell it. */
export const CLIENT_VERSION = `zkNode/v${NODE_VERSION}/${process.platform}-${process.arch}/node-${process.version}`

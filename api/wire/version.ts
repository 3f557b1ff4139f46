import packageJson from '../../package.json' with { type: 'json' }

export const NODE_VERSION: string = packageJson.version
/** As web3_clientVersion and the HTTP greeting tell it. */
export const CLIENT_VERSION = `zkNode/v${NODE_VERSION}/${process.platform}-${process.arch}/node-${process.version}`

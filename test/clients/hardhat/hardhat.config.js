require('@nomicfoundation/hardhat-ethers')
const { subtask } = require('hardhat/config')
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require('hardhat/builtin-tasks/task-names')

// The compiler that is installed, instead of one from the compilers' site.
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async ({ solcVersion }) => ({
  version: solcVersion,
  longVersion: solcVersion,
  compilerPath: require.resolve('solc/soljson.js'),
  isSolcJs: true,
}))

const { RPC_URL, PRIVATE_KEYS } = process.env
module.exports = {
  solidity: { version: '0.8.26', settings: { evmVersion: 'paris' } },
  networks: { zknode: { url: RPC_URL, accounts: PRIVATE_KEYS.split(',') } },
}

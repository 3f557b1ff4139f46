/** Interfaces of the L1 contracts before fork 7, in the same form as abi.ts. A node reads them, it never writes to them. */

/** PolygonZkEVM of forks 1 to 6, one contract for sequencing and verification: calls to decode, events and views. */
export const preEtrogAbi = [
  'function batchNumToStateRoot(uint64) view returns (bytes32)',
  'function chainID() view returns (uint64)',
  'function forceBatch(bytes transactions, uint256 maticAmount)',
  'function forkID() view returns (uint64)',
  'function lastBatchSequenced() view returns (uint64)',
  'function lastForceBatch() view returns (uint64)',
  'function lastForceBatchSequenced() view returns (uint64)',
  'function lastVerifiedBatch() view returns (uint64)',
  'function sequenceBatches(tuple(bytes transactions, bytes32 globalExitRoot, uint64 timestamp, uint64 minForcedTimestamp)[] batches, address l2Coinbase)',
  'function sequenceForceBatches(tuple(bytes transactions, bytes32 globalExitRoot, uint64 minForcedTimestamp)[] batches)',
  'function sequencedBatches(uint64) view returns (bytes32 accInputHash, uint64 sequencedTimestamp, uint64 previousLastBatchSequenced)',
  'function trustedSequencer() view returns (address)',
  'function trustedSequencerURL() view returns (string)',
  'function verifyBatches(uint64 pendingStateNum, uint64 initNumBatch, uint64 finalNewBatch, bytes32 newLocalExitRoot, bytes32 newStateRoot, bytes32[24] proof)',
  'function verifyBatchesTrustedAggregator(uint64 pendingStateNum, uint64 initNumBatch, uint64 finalNewBatch, bytes32 newLocalExitRoot, bytes32 newStateRoot, bytes32[24] proof)',
  'event ConsolidatePendingState(uint64 indexed numBatch, bytes32 stateRoot, uint64 indexed pendingStateNum)',
  'event ForceBatch(uint64 indexed forceBatchNum, bytes32 lastGlobalExitRoot, address sequencer, bytes transactions)',
  'event OverridePendingState(uint64 indexed numBatch, bytes32 stateRoot, address indexed aggregator)',
  'event SequenceBatches(uint64 indexed numBatch)',
  'event SequenceForceBatches(uint64 indexed numBatch)',
  'event UpdateZkEVMVersion(uint64 numBatch, uint64 forkID, string version)',
  'event VerifyBatches(uint64 indexed numBatch, bytes32 stateRoot, address indexed aggregator)',
  'event VerifyBatchesTrustedAggregator(uint64 indexed numBatch, bytes32 stateRoot, address indexed aggregator)',
] as const

/** Exit root contract of forks 1 to 6. */
export const preEtrogGlobalExitRootAbi = [
  'function bridgeAddress() view returns (address)',
  'function getLastGlobalExitRoot() view returns (bytes32)',
  'function globalExitRootMap(bytes32) view returns (uint256)',
  'function lastMainnetExitRoot() view returns (bytes32)',
  'function lastRollupExitRoot() view returns (bytes32)',
  'function rollupManager() view returns (address)',
  'function updateExitRoot(bytes32 newRoot)',
  'event UpdateGlobalExitRoot(bytes32 indexed mainnetExitRoot, bytes32 indexed rollupExitRoot)',
  'error OnlyAllowedContracts()',
] as const

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Checks the argument of a verify call against its single public signal.
interface IVerifierRollup {
    function verifyProof(bytes32[24] calldata proof, uint256[1] calldata pubSignals) external view returns (bool);
}

/// @notice What a bridge, the rollups and the manager ask of an exit root contract, on L1 or L2.
interface IGlobalExitRoot {
    function globalExitRootMap(bytes32 globalExitRoot) external view returns (uint256);
    function updateExitRoot(bytes32 newRoot) external;
}

/// @notice The exit root contract of L1 also keeps the L1 info tree.
interface IL1GlobalExitRoot is IGlobalExitRoot {
    function getLastGlobalExitRoot() external view returns (bytes32);
    function getRoot() external view returns (bytes32);
}

interface IBridge {
    function updateGlobalExitRoot() external;
    function activateEmergencyState() external;
    function deactivateEmergencyState() external;
    function getTokenMetadata(address token) external view returns (bytes memory);
    function wrappedTokenToTokenInfo(address token) external view returns (uint32 originNetwork, address originToken);
    function initialize(
        uint32 networkID,
        address gasTokenAddress,
        uint32 gasTokenNetwork,
        address globalExitRootManager,
        address polygonRollupManager,
        bytes calldata gasTokenMetadata
    ) external;
}

/// @notice Receiver of bridged messages.
interface IBridgeMessageReceiver {
    function onMessageReceived(address originAddress, uint32 originNetwork, bytes memory data) external payable;
}

/// @notice What the manager asks of a rollup contract.
interface IRollup {
    function initialize(
        address admin,
        address sequencer,
        uint32 networkID,
        address gasTokenAddress,
        string calldata sequencerURL,
        string calldata networkName
    ) external;
    function onVerifyBatches(uint64 lastVerifiedBatch, bytes32 newStateRoot, address aggregator) external;
}

/// @notice What a rollup asks of the manager.
interface IRollupManager {
    function onSequenceBatches(uint64 newSequencedBatches, bytes32 newAccInputHash) external returns (uint64);
    function getBatchFee() external view returns (uint256);
    function getForcedBatchFee() external view returns (uint256);
    function isEmergencyState() external view returns (bool);
    function lastDeactivatedEmergencyStateTimestamp() external view returns (uint64);
}

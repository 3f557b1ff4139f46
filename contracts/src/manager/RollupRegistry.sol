// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBridge, IL1GlobalExitRoot, IRollup, IVerifierRollup} from "../Interfaces.sol";
import {EmergencyState} from "../lib/EmergencyState.sol";
import {RoleControl} from "../lib/RoleControl.sol";
import {IRollupProxy, RollupProxy} from "../RollupProxy.sol";

/// @notice Rollup types, rollups and what is stored about each of them.
abstract contract RollupRegistry is RoleControl, EmergencyState {
    struct RollupType {
        address consensusImplementation;
        IVerifierRollup verifier;
        uint64 forkID;
        uint8 rollupCompatibilityID;
        bool obsolete;
        bytes32 genesis;
    }

    /// @notice End of a sequence.
    struct SequencedBatchData {
        bytes32 accInputHash;
        uint64 sequencedTimestamp;
        uint64 previousLastBatchSequenced;
    }

    /// @notice Verified by somebody other than the trusted aggregator, and not yet final.
    struct PendingState {
        uint64 timestamp;
        uint64 lastVerifiedBatch;
        bytes32 exitRoot;
        bytes32 stateRoot;
    }

    struct RollupData {
        IRollup rollupContract;
        uint64 chainID;
        IVerifierRollup verifier;
        uint64 forkID;
        mapping(uint64 batchNum => bytes32) batchNumToStateRoot;
        mapping(uint64 batchNum => SequencedBatchData) sequencedBatches;
        mapping(uint256 pendingStateNum => PendingState) pendingStateTransitions;
        bytes32 lastLocalExitRoot;
        uint64 lastBatchSequenced;
        uint64 lastVerifiedBatch;
        uint64 lastPendingState;
        uint64 lastPendingStateConsolidated;
        uint64 lastVerifiedBatchBeforeUpgrade;
        uint64 rollupTypeID;
        uint8 rollupCompatibilityID;
    }

    event AddNewRollupType(
        uint32 indexed rollupTypeID,
        address consensusImplementation,
        address verifier,
        uint64 forkID,
        uint8 rollupCompatibilityID,
        bytes32 genesis,
        string description
    );
    event ObsoleteRollupType(uint32 indexed rollupTypeID);
    event CreateNewRollup(
        uint32 indexed rollupID, uint32 rollupTypeID, address rollupAddress, uint64 chainID, address gasTokenAddress
    );
    event AddExistingRollup(
        uint32 indexed rollupID,
        uint64 forkID,
        address rollupAddress,
        uint64 chainID,
        uint8 rollupCompatibilityID,
        uint64 lastVerifiedBatchBeforeUpgrade
    );
    event UpdateRollup(uint32 indexed rollupID, uint32 newRollupTypeID, uint64 lastVerifiedBatchBeforeUpgrade);

    error RollupTypeDoesNotExist();
    error RollupTypeObsolete();
    error ChainIDAlreadyExist();
    error RollupAddressAlreadyExist();
    error RollupMustExist();
    error UpdateToSameRollupTypeID();
    error UpdateNotCompatible();

    bytes32 internal constant ADD_ROLLUP_TYPE_ROLE = keccak256("ADD_ROLLUP_TYPE_ROLE");
    bytes32 internal constant OBSOLETE_ROLLUP_TYPE_ROLE = keccak256("OBSOLETE_ROLLUP_TYPE_ROLE");
    bytes32 internal constant CREATE_ROLLUP_ROLE = keccak256("CREATE_ROLLUP_ROLE");
    bytes32 internal constant ADD_EXISTING_ROLLUP_ROLE = keccak256("ADD_EXISTING_ROLLUP_ROLE");
    bytes32 internal constant UPDATE_ROLLUP_ROLE = keccak256("UPDATE_ROLLUP_ROLE");

    IL1GlobalExitRoot public immutable globalExitRootManager;
    IBridge public immutable bridgeAddress;
    IERC20 public immutable pol;

    uint32 public rollupTypeCount;
    mapping(uint32 rollupTypeID => RollupType) public rollupTypeMap;
    uint32 public rollupCount;
    /// @notice Rollups by id, from 1. A rollup's leaf in the rollup exit tree is id - 1.
    mapping(uint32 rollupID => RollupData) public rollupIDToRollupData;
    mapping(address rollupAddress => uint32 rollupID) public rollupAddressToID;
    mapping(uint64 chainID => uint32 rollupID) public chainIDToRollupID;

    constructor(IL1GlobalExitRoot globalExitRootManager_, IERC20 pol_, IBridge bridge_) {
        globalExitRootManager = globalExitRootManager_;
        pol = pol_;
        bridgeAddress = bridge_;
    }

    function addNewRollupType(
        address consensusImplementation,
        IVerifierRollup verifier,
        uint64 forkID,
        uint8 rollupCompatibilityID,
        bytes32 genesis,
        string calldata description
    ) external onlyRole(ADD_ROLLUP_TYPE_ROLE) {
        uint32 rollupTypeID = ++rollupTypeCount;
        rollupTypeMap[rollupTypeID] =
            RollupType(consensusImplementation, verifier, forkID, rollupCompatibilityID, false, genesis);
        emit AddNewRollupType(
            rollupTypeID, consensusImplementation, address(verifier), forkID, rollupCompatibilityID, genesis, description
        );
    }

    /// @notice No rollup can be created with, or updated to, this type from now on.
    function obsoleteRollupType(uint32 rollupTypeID) external onlyRole(OBSOLETE_ROLLUP_TYPE_ROLE) {
        _getUsableType(rollupTypeID).obsolete = true;
        emit ObsoleteRollupType(rollupTypeID);
    }

    function createNewRollup(
        uint32 rollupTypeID,
        uint64 chainID,
        address admin,
        address sequencer,
        address gasTokenAddress,
        string calldata sequencerURL,
        string calldata networkName
    ) external onlyRole(CREATE_ROLLUP_ROLE) {
        RollupType storage rollupType = _getUsableType(rollupTypeID);
        if (chainIDToRollupID[chainID] != 0) revert ChainIDAlreadyExist();
        address rollupAddress = address(new RollupProxy(rollupType.consensusImplementation));
        (uint32 rollupID, RollupData storage rollup) = _register(
            rollupAddress,
            chainID,
            rollupType.verifier,
            rollupType.forkID,
            rollupType.rollupCompatibilityID,
            rollupType.genesis
        );
        rollup.rollupTypeID = rollupTypeID;
        emit CreateNewRollup(rollupID, rollupTypeID, rollupAddress, chainID, gasTokenAddress);
        IRollup(rollupAddress).initialize(admin, sequencer, rollupID, gasTokenAddress, sequencerURL, networkName);
    }

    /// @notice Takes in a rollup contract that was deployed apart from this manager. It belongs to no type.
    function addExistingRollup(
        address rollupAddress,
        IVerifierRollup verifier,
        uint64 forkID,
        uint64 chainID,
        bytes32 genesis,
        uint8 rollupCompatibilityID
    ) external onlyRole(ADD_EXISTING_ROLLUP_ROLE) {
        if (chainIDToRollupID[chainID] != 0) revert ChainIDAlreadyExist();
        if (rollupAddressToID[rollupAddress] != 0) revert RollupAddressAlreadyExist();
        (uint32 rollupID,) = _register(rollupAddress, chainID, verifier, forkID, rollupCompatibilityID, genesis);
        emit AddExistingRollup(rollupID, forkID, rollupAddress, chainID, rollupCompatibilityID, 0);
    }

    /// @notice Moves a rollup to another type. All that is not verified yet will be proven with the new fork.
    function updateRollup(IRollupProxy rollupContract, uint32 newRollupTypeID, bytes calldata upgradeData)
        external
        onlyRole(UPDATE_ROLLUP_ROLE)
    {
        if (newRollupTypeID == 0 || newRollupTypeID > rollupTypeCount) revert RollupTypeDoesNotExist();
        uint32 rollupID = rollupAddressToID[address(rollupContract)];
        if (rollupID == 0) revert RollupMustExist();
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        if (rollup.rollupTypeID == newRollupTypeID) revert UpdateToSameRollupTypeID();
        RollupType storage rollupType = rollupTypeMap[newRollupTypeID];
        if (rollupType.obsolete) revert RollupTypeObsolete();
        if (rollup.rollupCompatibilityID != rollupType.rollupCompatibilityID) revert UpdateNotCompatible();

        rollup.verifier = rollupType.verifier;
        rollup.forkID = rollupType.forkID;
        rollup.rollupTypeID = newRollupTypeID;
        uint64 lastVerified = _lastVerifiedBatch(rollup);
        rollup.lastVerifiedBatchBeforeUpgrade = lastVerified;
        rollupContract.upgradeToAndCall(rollupType.consensusImplementation, upgradeData);
        emit UpdateRollup(rollupID, newRollupTypeID, lastVerified);
    }

    /// @notice Last verified batch, pending states included.
    function getLastVerifiedBatch(uint32 rollupID) external view returns (uint64) {
        return _lastVerifiedBatch(rollupIDToRollupData[rollupID]);
    }

    function getRollupBatchNumToStateRoot(uint32 rollupID, uint64 batchNum) external view returns (bytes32) {
        return rollupIDToRollupData[rollupID].batchNumToStateRoot[batchNum];
    }

    /// @notice Set for batches that end a sequence, zero for others.
    function getRollupSequencedBatches(uint32 rollupID, uint64 batchNum)
        external
        view
        returns (SequencedBatchData memory)
    {
        return rollupIDToRollupData[rollupID].sequencedBatches[batchNum];
    }

    /// @param batchNum number of the pending state (the parameter's name is the interface's)
    function getRollupPendingStateTransitions(uint32 rollupID, uint64 batchNum)
        external
        view
        returns (PendingState memory)
    {
        return rollupIDToRollupData[rollupID].pendingStateTransitions[batchNum];
    }

    /// @notice Root of the depth-32 tree of all rollups' local exit roots.
    function getRollupExitRoot() public view returns (bytes32) {
        uint256 width = rollupCount;
        bytes32[] memory nodes = new bytes32[](width);
        for (uint32 i = 0; i < width; ++i) nodes[i] = rollupIDToRollupData[i + 1].lastLocalExitRoot;
        bytes32 emptySubtree = bytes32(0);
        bytes32 root = bytes32(0);
        for (uint256 level = 0; level < 32; ++level) {
            uint256 parents = (width + 1) / 2;
            for (uint256 i = 0; i < parents; ++i) {
                bytes32 right = 2 * i + 1 < width ? nodes[2 * i + 1] : emptySubtree;
                nodes[i] = keccak256(abi.encodePacked(nodes[2 * i], right));
            }
            emptySubtree = keccak256(abi.encodePacked(emptySubtree, emptySubtree));
            width = parents;
            root = width == 0 ? emptySubtree : nodes[0];
        }
        return root;
    }

    function _lastVerifiedBatch(RollupData storage rollup) internal view returns (uint64) {
        uint64 pending = rollup.lastPendingState;
        return pending == 0 ? rollup.lastVerifiedBatch : rollup.pendingStateTransitions[pending].lastVerifiedBatch;
    }

    function _getUsableType(uint32 rollupTypeID) private view returns (RollupType storage rollupType) {
        if (rollupTypeID == 0 || rollupTypeID > rollupTypeCount) revert RollupTypeDoesNotExist();
        rollupType = rollupTypeMap[rollupTypeID];
        if (rollupType.obsolete) revert RollupTypeObsolete();
    }

    function _register(
        address rollupAddress,
        uint64 chainID,
        IVerifierRollup verifier,
        uint64 forkID,
        uint8 rollupCompatibilityID,
        bytes32 genesis
    ) private returns (uint32 rollupID, RollupData storage rollup) {
        rollupID = ++rollupCount;
        chainIDToRollupID[chainID] = rollupID;
        rollupAddressToID[rollupAddress] = rollupID;
        rollup = rollupIDToRollupData[rollupID];
        rollup.rollupContract = IRollup(rollupAddress);
        rollup.chainID = chainID;
        rollup.verifier = verifier;
        rollup.forkID = forkID;
        rollup.rollupCompatibilityID = rollupCompatibilityID;
        rollup.batchNumToStateRoot[0] = genesis;
    }
}

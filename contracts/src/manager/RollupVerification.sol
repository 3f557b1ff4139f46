// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {BatchFee} from "./BatchFee.sol";

/// @notice Proofs of batches: checks, rewards, and the pending states of aggregators that nobody trusts.
abstract contract RollupVerification is BatchFee {
    using SafeERC20 for IERC20;

    event VerifyBatches(
        uint32 indexed rollupID, uint64 numBatch, bytes32 stateRoot, bytes32 exitRoot, address indexed aggregator
    );
    event VerifyBatchesTrustedAggregator(
        uint32 indexed rollupID, uint64 numBatch, bytes32 stateRoot, bytes32 exitRoot, address indexed aggregator
    );
    event ConsolidatePendingState(
        uint32 indexed rollupID, uint64 numBatch, bytes32 stateRoot, bytes32 exitRoot, uint64 pendingStateNum
    );
    event OverridePendingState(
        uint32 indexed rollupID, uint64 numBatch, bytes32 stateRoot, bytes32 exitRoot, address aggregator
    );
    event ProveNonDeterministicPendingState(bytes32 storedStateRoot, bytes32 provedStateRoot);
    event SetTrustedAggregatorTimeout(uint64 newTrustedAggregatorTimeout);
    event SetPendingStateTimeout(uint64 newPendingStateTimeout);

    error TrustedAggregatorTimeoutNotExpired();
    error ExceedMaxVerifyBatches();
    error InitBatchMustMatchCurrentForkID();
    error PendingStateDoesNotExist();
    error InitNumBatchDoesNotMatchPendingState();
    error OldStateRootDoesNotExist();
    error InitNumBatchAboveLastVerifiedBatch();
    error FinalNumBatchBelowLastVerifiedBatch();
    error OldAccInputHashDoesNotExist();
    error NewAccInputHashDoesNotExist();
    error NewStateRootNotInsidePrime();
    error InvalidProof();
    error PendingStateNotConsolidable();
    error PendingStateInvalid();
    error FinalPendingStateNumInvalid();
    error FinalNumBatchDoesNotMatchPendingState();
    error StoredRootMustBeDifferentThanNewRoot();
    error NewTrustedAggregatorTimeoutMustBeLower();
    error NewPendingStateTimeoutMustBeLower();

    bytes32 internal constant TRUSTED_AGGREGATOR_ROLE = keccak256("TRUSTED_AGGREGATOR_ROLE");
    uint64 internal constant HALT_AGGREGATION_TIMEOUT = 1 weeks;
    uint64 private constant MAX_VERIFY_BATCHES = 1000;
    uint256 private constant GOLDILOCKS_PRIME = 0xFFFFFFFF00000001;
    uint256 private constant BN254_SCALAR_FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    uint64 public totalSequencedBatches;
    uint64 public totalVerifiedBatches;
    /// @notice Seconds; when a batch was last verified.
    uint64 public lastAggregationTimestamp;
    /// @notice Seconds after sequencing during which only the trusted aggregator can verify.
    uint64 public trustedAggregatorTimeout;
    /// @notice Seconds after which a pending state can be consolidated.
    uint64 public pendingStateTimeout;

    /// @notice Verifies batches as the trusted aggregator: final at once, and pending states are dropped.
    /// @param pendingStateNum pending state to start from, 0 to start from a consolidated one
    function verifyBatchesTrustedAggregator(
        uint32 rollupID,
        uint64 pendingStateNum,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 newStateRoot,
        address beneficiary,
        bytes32[24] calldata proof
    ) external onlyRole(TRUSTED_AGGREGATOR_ROLE) {
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        _verifyAndReward(
            rollup, pendingStateNum, initNumBatch, finalNewBatch, newLocalExitRoot, newStateRoot, beneficiary, proof
        );
        _consolidate(rollup, finalNewBatch, newLocalExitRoot, newStateRoot);
        emit VerifyBatchesTrustedAggregator(rollupID, finalNewBatch, newStateRoot, newLocalExitRoot, msg.sender);
    }

    /// @notice Verifies batches as anybody, once the trusted aggregator let its time pass.
    function verifyBatches(
        uint32 rollupID,
        uint64 pendingStateNum,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 newStateRoot,
        address beneficiary,
        bytes32[24] calldata proof
    ) external ifNotEmergencyState {
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        uint64 sequencedTimestamp = rollup.sequencedBatches[finalNewBatch].sequencedTimestamp;
        if (sequencedTimestamp + trustedAggregatorTimeout > block.timestamp) revert TrustedAggregatorTimeoutNotExpired();
        if (finalNewBatch > initNumBatch && finalNewBatch - initNumBatch > MAX_VERIFY_BATCHES) {
            revert ExceedMaxVerifyBatches();
        }
        _verifyAndReward(
            rollup, pendingStateNum, initNumBatch, finalNewBatch, newLocalExitRoot, newStateRoot, beneficiary, proof
        );
        _updateBatchFee(rollup, finalNewBatch);
        if (pendingStateTimeout == 0) {
            _consolidate(rollup, finalNewBatch, newLocalExitRoot, newStateRoot);
        } else {
            _tryConsolidatePendingState(rollup, rollupID);
            rollup.pendingStateTransitions[++rollup.lastPendingState] =
                PendingState(uint64(block.timestamp), finalNewBatch, newLocalExitRoot, newStateRoot);
        }
        emit VerifyBatches(rollupID, finalNewBatch, newStateRoot, newLocalExitRoot, msg.sender);
    }

    /// @notice Makes a pending state final: anybody after its timeout, the trusted aggregator at any time.
    function consolidatePendingState(uint32 rollupID, uint64 pendingStateNum) external {
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        if (!hasRole(TRUSTED_AGGREGATOR_ROLE, msg.sender)) {
            if (isEmergencyState) revert OnlyNotEmergencyState();
            if (!_isConsolidable(rollup, pendingStateNum)) revert PendingStateNotConsolidable();
        }
        _consolidatePendingState(rollup, rollupID, pendingStateNum);
    }

    /// @notice Replaces a pending state that a second proof contradicts, and slows untrusted verification down.
    function overridePendingState(
        uint32 rollupID,
        uint64 initPendingStateNum,
        uint64 finalPendingStateNum,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 newStateRoot,
        bytes32[24] calldata proof
    ) external onlyRole(TRUSTED_AGGREGATOR_ROLE) {
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        _proveDistinct(
            rollup,
            initPendingStateNum,
            finalPendingStateNum,
            initNumBatch,
            finalNewBatch,
            newLocalExitRoot,
            newStateRoot,
            proof
        );
        _consolidate(rollup, finalNewBatch, newLocalExitRoot, newStateRoot);
        trustedAggregatorTimeout = HALT_AGGREGATION_TIMEOUT;
        emit OverridePendingState(rollupID, finalNewBatch, newStateRoot, newLocalExitRoot, msg.sender);
    }

    /// @notice Shows that two proofs of the same batches give different roots: the proof system is broken, all stops.
    function proveNonDeterministicPendingState(
        uint32 rollupID,
        uint64 initPendingStateNum,
        uint64 finalPendingStateNum,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 newStateRoot,
        bytes32[24] calldata proof
    ) external ifNotEmergencyState {
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        _proveDistinct(
            rollup,
            initPendingStateNum,
            finalPendingStateNum,
            initNumBatch,
            finalNewBatch,
            newLocalExitRoot,
            newStateRoot,
            proof
        );
        emit ProveNonDeterministicPendingState(
            rollup.pendingStateTransitions[finalPendingStateNum].stateRoot, newStateRoot
        );
        _stopEverything();
    }

    function setTrustedAggregatorTimeout(uint64 newTrustedAggregatorTimeout) external onlyRole(TWEAK_PARAMETERS_ROLE) {
        if (!isEmergencyState && newTrustedAggregatorTimeout >= trustedAggregatorTimeout) {
            revert NewTrustedAggregatorTimeoutMustBeLower();
        }
        trustedAggregatorTimeout = newTrustedAggregatorTimeout;
        emit SetTrustedAggregatorTimeout(newTrustedAggregatorTimeout);
    }

    function setPendingStateTimeout(uint64 newPendingStateTimeout) external onlyRole(TWEAK_PARAMETERS_ROLE) {
        if (!isEmergencyState && newPendingStateTimeout >= pendingStateTimeout) {
            revert NewPendingStateTimeoutMustBeLower();
        }
        pendingStateTimeout = newPendingStateTimeout;
        emit SetPendingStateTimeout(newPendingStateTimeout);
    }

    /// @notice POL wei that one verified batch earns: the manager's balance shared by all batches to verify.
    function calculateRewardPerBatch() public view returns (uint256) {
        uint256 waiting = totalSequencedBatches - totalVerifiedBatches;
        return waiting == 0 ? 0 : pol.balanceOf(address(this)) / waiting;
    }

    function isPendingStateConsolidable(uint32 rollupID, uint64 pendingStateNum) external view returns (bool) {
        return _isConsolidable(rollupIDToRollupData[rollupID], pendingStateNum);
    }

    /// @notice The 212 bytes a proof is about, with the caller as aggregator.
    function getInputSnarkBytes(
        uint32 rollupID,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 oldStateRoot,
        bytes32 newStateRoot
    ) external view returns (bytes memory) {
        return _inputSnarkBytes(
            rollupIDToRollupData[rollupID], initNumBatch, finalNewBatch, newLocalExitRoot, oldStateRoot, newStateRoot
        );
    }

    function _stopEverything() internal virtual;

    /// @dev Consolidates one pending state that is old enough: the middle one of those left when it is, else the next.
    function _tryConsolidatePendingState(RollupData storage rollup, uint32 rollupID) internal {
        uint64 last = rollup.lastPendingState;
        uint64 next = rollup.lastPendingStateConsolidated + 1;
        if (next > last || !_isConsolidable(rollup, next)) return;
        uint64 middle = next + (last - next) / 2;
        _consolidatePendingState(rollup, rollupID, _isConsolidable(rollup, middle) ? middle : next);
    }

    function _isConsolidable(RollupData storage rollup, uint64 pendingStateNum) private view returns (bool) {
        return rollup.pendingStateTransitions[pendingStateNum].timestamp + pendingStateTimeout <= block.timestamp;
    }

    function _consolidatePendingState(RollupData storage rollup, uint32 rollupID, uint64 pendingStateNum) private {
        if (pendingStateNum <= rollup.lastPendingStateConsolidated || pendingStateNum > rollup.lastPendingState) {
            revert PendingStateInvalid();
        }
        PendingState storage pending = rollup.pendingStateTransitions[pendingStateNum];
        uint64 numBatch = pending.lastVerifiedBatch;
        rollup.lastPendingStateConsolidated = pendingStateNum;
        _storeVerified(rollup, numBatch, pending.exitRoot, pending.stateRoot);
        emit ConsolidatePendingState(rollupID, numBatch, pending.stateRoot, pending.exitRoot, pendingStateNum);
    }

    /// @dev Final state from a proof, which makes all pending states void.
    function _consolidate(RollupData storage rollup, uint64 numBatch, bytes32 exitRoot, bytes32 stateRoot) private {
        if (rollup.lastPendingState > 0) {
            rollup.lastPendingState = 0;
            rollup.lastPendingStateConsolidated = 0;
        }
        _storeVerified(rollup, numBatch, exitRoot, stateRoot);
    }

    function _storeVerified(RollupData storage rollup, uint64 numBatch, bytes32 exitRoot, bytes32 stateRoot) private {
        rollup.lastVerifiedBatch = numBatch;
        rollup.batchNumToStateRoot[numBatch] = stateRoot;
        rollup.lastLocalExitRoot = exitRoot;
        globalExitRootManager.updateExitRoot(getRollupExitRoot());
    }

    function _verifyAndReward(
        RollupData storage rollup,
        uint64 pendingStateNum,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 newStateRoot,
        address beneficiary,
        bytes32[24] calldata proof
    ) private {
        bytes32 oldStateRoot = _oldStateRoot(rollup, pendingStateNum, initNumBatch);
        uint64 lastVerified = _lastVerifiedBatch(rollup);
        if (finalNewBatch <= lastVerified) revert FinalNumBatchBelowLastVerifiedBatch();
        _checkProof(rollup, initNumBatch, finalNewBatch, newLocalExitRoot, oldStateRoot, newStateRoot, proof);

        uint64 newlyVerified = finalNewBatch - lastVerified;
        pol.safeTransfer(beneficiary, calculateRewardPerBatch() * newlyVerified);
        totalVerifiedBatches += newlyVerified;
        lastAggregationTimestamp = uint64(block.timestamp);
        rollup.rollupContract.onVerifyBatches(finalNewBatch, newStateRoot, msg.sender);
    }

    function _proveDistinct(
        RollupData storage rollup,
        uint64 initPendingStateNum,
        uint64 finalPendingStateNum,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 newStateRoot,
        bytes32[24] calldata proof
    ) private view {
        bytes32 oldStateRoot = _oldStateRoot(rollup, initPendingStateNum, initNumBatch);
        if (
            finalPendingStateNum > rollup.lastPendingState || finalPendingStateNum <= initPendingStateNum
                || finalPendingStateNum <= rollup.lastPendingStateConsolidated
        ) revert FinalPendingStateNumInvalid();
        PendingState storage pending = rollup.pendingStateTransitions[finalPendingStateNum];
        if (finalNewBatch != pending.lastVerifiedBatch) revert FinalNumBatchDoesNotMatchPendingState();
        _checkProof(rollup, initNumBatch, finalNewBatch, newLocalExitRoot, oldStateRoot, newStateRoot, proof);
        if (pending.stateRoot == newStateRoot) revert StoredRootMustBeDifferentThanNewRoot();
    }

    function _oldStateRoot(RollupData storage rollup, uint64 pendingStateNum, uint64 initNumBatch)
        private
        view
        returns (bytes32 oldStateRoot)
    {
        if (initNumBatch < rollup.lastVerifiedBatchBeforeUpgrade) revert InitBatchMustMatchCurrentForkID();
        if (pendingStateNum != 0) {
            if (pendingStateNum > rollup.lastPendingState) revert PendingStateDoesNotExist();
            PendingState storage pending = rollup.pendingStateTransitions[pendingStateNum];
            if (initNumBatch != pending.lastVerifiedBatch) revert InitNumBatchDoesNotMatchPendingState();
            return pending.stateRoot;
        }
        oldStateRoot = rollup.batchNumToStateRoot[initNumBatch];
        if (oldStateRoot == bytes32(0)) revert OldStateRootDoesNotExist();
        if (initNumBatch > rollup.lastVerifiedBatch) revert InitNumBatchAboveLastVerifiedBatch();
    }

    function _checkProof(
        RollupData storage rollup,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 oldStateRoot,
        bytes32 newStateRoot,
        bytes32[24] calldata proof
    ) private view {
        bytes memory input =
            _inputSnarkBytes(rollup, initNumBatch, finalNewBatch, newLocalExitRoot, oldStateRoot, newStateRoot);
        uint256 inputSnark = uint256(sha256(input)) % BN254_SCALAR_FIELD;
        if (!rollup.verifier.verifyProof(proof, [inputSnark])) revert InvalidProof();
    }

    function _inputSnarkBytes(
        RollupData storage rollup,
        uint64 initNumBatch,
        uint64 finalNewBatch,
        bytes32 newLocalExitRoot,
        bytes32 oldStateRoot,
        bytes32 newStateRoot
    ) private view returns (bytes memory) {
        bytes32 oldAccInputHash = rollup.sequencedBatches[initNumBatch].accInputHash;
        bytes32 newAccInputHash = rollup.sequencedBatches[finalNewBatch].accInputHash;
        if (initNumBatch != 0 && oldAccInputHash == bytes32(0)) revert OldAccInputHashDoesNotExist();
        if (newAccInputHash == bytes32(0)) revert NewAccInputHashDoesNotExist();
        if (!_insidePrime(newStateRoot)) revert NewStateRootNotInsidePrime();
        return abi.encodePacked(
            abi.encodePacked(msg.sender, oldStateRoot, oldAccInputHash, initNumBatch, rollup.chainID, rollup.forkID),
            newStateRoot,
            newAccInputHash,
            newLocalExitRoot,
            finalNewBatch
        );
    }

    /// @dev A state root is four Goldilocks field elements.
    function _insidePrime(bytes32 root) private pure returns (bool) {
        for (uint256 shift = 0; shift < 256; shift += 64) {
            if (uint64(uint256(root) >> shift) >= GOLDILOCKS_PRIME) return false;
        }
        return true;
    }
}

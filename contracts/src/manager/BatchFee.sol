// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RollupRegistry} from "./RollupRegistry.sol";

/// @notice Price of a batch in POL, which follows how late batches are verified.
abstract contract BatchFee is RollupRegistry {
    event SetMultiplierBatchFee(uint16 newMultiplierBatchFee);
    event SetVerifyBatchTimeTarget(uint64 newVerifyBatchTimeTarget);
    event SetBatchFee(uint256 newBatchFee);

    error InvalidRangeMultiplierBatchFee();
    error InvalidRangeBatchTimeTarget();
    error BatchFeeOutOfRange();

    bytes32 internal constant TWEAK_PARAMETERS_ROLE = keccak256("TWEAK_PARAMETERS_ROLE");
    bytes32 internal constant SET_FEE_ROLE = keccak256("SET_FEE_ROLE");
    uint256 private constant MIN_BATCH_FEE = 1 gwei;
    uint256 private constant MAX_BATCH_FEE = 1000 ether;
    uint256 private constant MAX_FEE_STEPS = 12;
    uint256 private constant FORCED_FEE_FACTOR = 100;

    /// @notice Thousandths by which the fee grows per step; 1000..1023.
    uint16 public multiplierBatchFee = 1002;
    /// @notice Seconds after sequencing within which a batch should be verified; at most a day.
    uint64 public verifyBatchTimeTarget = 30 minutes;
    uint256 private _batchFee = 0.1 ether;

    /// @notice POL wei per regular batch.
    function getBatchFee() public view returns (uint256) {
        return _batchFee;
    }

    /// @notice POL wei per forced batch.
    function getForcedBatchFee() external view returns (uint256) {
        return _batchFee * FORCED_FEE_FACTOR;
    }

    function setMultiplierBatchFee(uint16 newMultiplierBatchFee) external onlyRole(TWEAK_PARAMETERS_ROLE) {
        if (newMultiplierBatchFee < 1000 || newMultiplierBatchFee > 1023) revert InvalidRangeMultiplierBatchFee();
        multiplierBatchFee = newMultiplierBatchFee;
        emit SetMultiplierBatchFee(newMultiplierBatchFee);
    }

    function setVerifyBatchTimeTarget(uint64 newVerifyBatchTimeTarget) external onlyRole(TWEAK_PARAMETERS_ROLE) {
        if (newVerifyBatchTimeTarget > 1 days) revert InvalidRangeBatchTimeTarget();
        verifyBatchTimeTarget = newVerifyBatchTimeTarget;
        emit SetVerifyBatchTimeTarget(newVerifyBatchTimeTarget);
    }

    function setBatchFee(uint256 newBatchFee) external onlyRole(SET_FEE_ROLE) {
        if (newBatchFee < MIN_BATCH_FEE || newBatchFee > MAX_BATCH_FEE) revert BatchFeeOutOfRange();
        _batchFee = newBatchFee;
        emit SetBatchFee(newBatchFee);
    }

    /// @dev Call it before the newly verified batches are stored. Sequences are walked from the newest back to the
    /// first one that is late: that one and all before it count as late.
    function _updateBatchFee(RollupData storage rollup, uint64 newLastVerifiedBatch) internal {
        uint64 lastVerified = _lastVerifiedBatch(rollup);
        uint256 deadline = block.timestamp - verifyBatchTimeTarget;
        uint64 cursor = newLastVerifiedBatch;
        while (cursor > lastVerified && rollup.sequencedBatches[cursor].sequencedTimestamp >= deadline) {
            cursor = rollup.sequencedBatches[cursor].previousLastBatchSequenced;
        }
        uint256 late = cursor > lastVerified ? cursor - lastVerified : 0;
        uint256 early = newLastVerifiedBatch - lastVerified - late;

        uint256 fee = _batchFee;
        if (late > early) {
            uint256 steps = _capSteps(late - early);
            fee = fee * uint256(multiplierBatchFee) ** steps / 1000 ** steps;
        } else {
            uint256 steps = _capSteps(early - late);
            uint256 divisor = 1 ether * uint256(multiplierBatchFee) ** steps / 1000 ** steps;
            fee = 1 ether * fee / divisor;
        }
        if (fee > MAX_BATCH_FEE) fee = MAX_BATCH_FEE;
        else if (fee < MIN_BATCH_FEE) fee = MIN_BATCH_FEE;
        _batchFee = fee;
    }

    function _capSteps(uint256 steps) private pure returns (uint256) {
        return steps > MAX_FEE_STEPS ? MAX_FEE_STEPS : steps;
    }
}

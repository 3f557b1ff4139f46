// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IBridge, IL1GlobalExitRoot, IRollup, IRollupManager} from "./Interfaces.sol";
import {Initializable} from "./lib/Initializable.sol";
import {InitializeTransaction} from "./rollup/InitializeTransaction.sol";
import {RollupSettings} from "./rollup/RollupSettings.sol";

/// @notice One rollup: takes the batches of its sequencer and, past a timeout, those its users force. Interface and
/// meaning of forks 8 to 11.
contract PolygonZkEVMEtrog is IRollup, Initializable, RollupSettings, InitializeTransaction {
    using SafeERC20 for IERC20;

    /// @param transactions batchL2Data
    /// @param forcedGlobalExitRoot zero in regular batches, as the two fields below
    /// @param forcedTimestamp seconds; above zero marks a forced batch
    struct BatchData {
        bytes transactions;
        bytes32 forcedGlobalExitRoot;
        uint64 forcedTimestamp;
        bytes32 forcedBlockHashL1;
    }

    event SequenceBatches(uint64 indexed numBatch, bytes32 l1InfoRoot);
    event ForceBatch(
        uint64 indexed forceBatchNum, bytes32 lastGlobalExitRoot, address sequencer, bytes transactions
    );
    event SequenceForceBatches(uint64 indexed numBatch);
    event InitialSequenceBatches(bytes transactions, bytes32 lastGlobalExitRoot, address sequencer);
    event VerifyBatches(uint64 indexed numBatch, bytes32 stateRoot, address indexed aggregator);

    error SequenceZeroBatches();
    error ExceedMaxVerifyBatches();
    error MaxTimestampSequenceInvalid();
    error InitSequencedBatchDoesNotMatch();
    error TransactionsLengthAboveMax();
    error ForcedDataDoesNotMatch();
    error ForceBatchesOverflow();
    error ForceBatchTimeoutNotExpired();
    error HaltTimeoutNotExpiredAfterEmergencyState();
    error ForceBatchesNotAllowedOnEmergencyState();
    error NotEnoughPOLAmount();

    /// @notice Seconds that maxSequenceTimestamp may be ahead of the L1 block.
    uint256 public constant TIMESTAMP_RANGE = 36;
    uint256 private constant MAX_TRANSACTIONS_BYTE_LENGTH = 120_000;
    uint256 private constant MAX_FORCE_BATCH_BYTE_LENGTH = 5000;
    uint256 private constant MAX_VERIFY_BATCHES = 1000;

    /// @notice Running hash over all inputs sequenced so far.
    bytes32 public lastAccInputHash;
    /// @notice Forced batches by number, from 1; cleared when sequenced.
    mapping(uint64 forceBatchNum => bytes32 forcedHash) public forcedBatches;
    uint64 public lastForceBatch;
    uint64 public lastForceBatchSequenced;

    constructor(IL1GlobalExitRoot globalExitRootManager_, IERC20 pol_, IBridge bridge_, IRollupManager rollupManager_)
        RollupSettings(globalExitRootManager_, pol_, bridge_, rollupManager_)
    {}

    /// @notice Called once by the manager. Sequences batch 1, which initialises the bridge on L2.
    function initialize(
        address admin_,
        address sequencer,
        uint32 networkID,
        address gasToken,
        string calldata sequencerURL,
        string calldata networkName_
    ) external onlyRollupManager initializer {
        bytes memory gasTokenMetadata;
        if (gasToken != address(0)) {
            // A token that came from another network is named by its origin there.
            (uint32 originNetwork, address originToken) = bridgeAddress.wrappedTokenToTokenInfo(gasToken);
            (gasTokenNetwork, gasTokenAddress) = originToken == address(0) ? (0, gasToken) : (originNetwork, originToken);
            gasTokenMetadata = bridgeAddress.getTokenMetadata(gasToken);
        }
        admin = admin_;
        trustedSequencer = sequencer;
        trustedSequencerURL = sequencerURL;
        networkName = networkName_;
        forceBatchAddress = admin_;
        forceBatchTimeout = 5 days;

        bytes memory transaction =
            generateInitializeTransaction(networkID, gasTokenAddress, gasTokenNetwork, gasTokenMetadata);
        bytes32 lastGlobalExitRoot = globalExitRootManager.getLastGlobalExitRoot();
        bytes32 accInputHash = _accumulate(
            bytes32(0),
            keccak256(transaction),
            lastGlobalExitRoot,
            uint64(block.timestamp),
            sequencer,
            blockhash(block.number - 1)
        );
        lastAccInputHash = accInputHash;
        rollupManager.onSequenceBatches(1, accInputHash);
        emit InitialSequenceBatches(transaction, lastGlobalExitRoot, sequencer);
    }

    /// @notice Fixes the next batches. Regular ones cost the batch fee; forced ones take the fee paid when forced.
    /// @param maxSequenceTimestamp seconds; no block of these batches may be later
    /// @param initSequencedBatch last batch sequenced before this call, as the sender knows it
    function sequenceBatches(
        BatchData[] calldata batches,
        uint64 maxSequenceTimestamp,
        uint64 initSequencedBatch,
        address l2Coinbase
    ) external onlyTrustedSequencer {
        _checkCount(batches.length);
        if (maxSequenceTimestamp > block.timestamp + TIMESTAMP_RANGE) revert MaxTimestampSequenceInvalid();
        bridgeAddress.updateGlobalExitRoot();
        bytes32 l1InfoRoot = globalExitRootManager.getRoot();
        uint64 forceBatchNum = lastForceBatchSequenced;
        bytes32 accInputHash = lastAccInputHash;
        for (uint256 i = 0; i < batches.length; ++i) {
            BatchData calldata batch = batches[i];
            bytes32 transactionsHash = keccak256(batch.transactions);
            if (batch.forcedTimestamp > 0) {
                _takeForcedBatch(++forceBatchNum, batch, transactionsHash);
                accInputHash = _accumulateForced(accInputHash, transactionsHash, batch, l2Coinbase);
            } else {
                if (batch.transactions.length > MAX_TRANSACTIONS_BYTE_LENGTH) revert TransactionsLengthAboveMax();
                accInputHash = _accumulate(
                    accInputHash, transactionsHash, l1InfoRoot, maxSequenceTimestamp, l2Coinbase, bytes32(0)
                );
            }
        }
        uint256 forcedCount = _payForced(forceBatchNum);
        uint256 fee = rollupManager.getBatchFee() * (batches.length - forcedCount);
        pol.safeTransferFrom(msg.sender, address(rollupManager), fee);

        lastAccInputHash = accInputHash;
        uint64 lastBatch = rollupManager.onSequenceBatches(uint64(batches.length), accInputHash);
        if (lastBatch - batches.length != initSequencedBatch) revert InitSequencedBatchDoesNotMatch();
        emit SequenceBatches(lastBatch, l1InfoRoot);
    }

    /// @notice Puts a batch on L1 that the sequencer has to include. Costs getForcedBatchFee, at most `polAmount`.
    function forceBatch(bytes calldata transactions, uint256 polAmount) external onlyForceBatchAddress {
        if (rollupManager.isEmergencyState()) revert ForceBatchesNotAllowedOnEmergencyState();
        uint256 fee = rollupManager.getForcedBatchFee();
        if (fee > polAmount) revert NotEnoughPOLAmount();
        if (transactions.length > MAX_FORCE_BATCH_BYTE_LENGTH) revert TransactionsLengthAboveMax();
        pol.safeTransferFrom(msg.sender, address(this), fee);

        bytes32 lastGlobalExitRoot = globalExitRootManager.getLastGlobalExitRoot();
        uint64 forceBatchNum = ++lastForceBatch;
        forcedBatches[forceBatchNum] = _forcedHash(
            keccak256(transactions), lastGlobalExitRoot, uint64(block.timestamp), blockhash(block.number - 1)
        );
        // The calldata of a plain transaction already shows the batch; that of an inner call does not.
        bytes memory shown;
        if (msg.sender != tx.origin) shown = transactions;
        emit ForceBatch(forceBatchNum, lastGlobalExitRoot, msg.sender, shown);
    }

    /// @notice Sequences the next forced batches without the sequencer, once the newest of them is past the timeout.
    function sequenceForceBatches(BatchData[] calldata batches) external onlyForceBatchAddress {
        if (rollupManager.lastDeactivatedEmergencyStateTimestamp() + HALT_AGGREGATION_TIMEOUT > block.timestamp) {
            revert HaltTimeoutNotExpiredAfterEmergencyState();
        }
        _checkCount(batches.length);
        uint64 forceBatchNum = lastForceBatchSequenced;
        if (forceBatchNum + batches.length > lastForceBatch) revert ForceBatchesOverflow();
        bytes32 accInputHash = lastAccInputHash;
        for (uint256 i = 0; i < batches.length; ++i) {
            BatchData calldata batch = batches[i];
            bytes32 transactionsHash = keccak256(batch.transactions);
            _takeForcedBatch(++forceBatchNum, batch, transactionsHash);
            accInputHash = _accumulateForced(accInputHash, transactionsHash, batch, msg.sender);
        }
        if (batches[batches.length - 1].forcedTimestamp + forceBatchTimeout > block.timestamp) {
            revert ForceBatchTimeoutNotExpired();
        }
        _payForced(forceBatchNum);
        lastAccInputHash = accInputHash;
        emit SequenceForceBatches(rollupManager.onSequenceBatches(uint64(batches.length), accInputHash));
    }

    /// @notice The manager tells that a batch is verified.
    function onVerifyBatches(uint64 lastVerifiedBatch, bytes32 newStateRoot, address aggregator)
        external
        onlyRollupManager
    {
        emit VerifyBatches(lastVerifiedBatch, newStateRoot, aggregator);
    }

    /// @notice What each waiting forced batch pays to the manager when it is sequenced.
    function calculatePolPerForceBatch() public view returns (uint256) {
        uint256 waiting = lastForceBatch - lastForceBatchSequenced;
        return waiting == 0 ? 0 : pol.balanceOf(address(this)) / waiting;
    }

    /// @notice Transaction of batch 1 as it would be for these values.
    function generateInitializeTransaction(
        uint32 networkID,
        address _gasTokenAddress,
        uint32 _gasTokenNetwork,
        bytes memory _gasTokenMetadata
    ) public view returns (bytes memory) {
        return _initializeTransaction(
            address(bridgeAddress), networkID, _gasTokenAddress, _gasTokenNetwork, _gasTokenMetadata
        );
    }

    function _checkCount(uint256 count) private pure {
        if (count == 0) revert SequenceZeroBatches();
        if (count > MAX_VERIFY_BATCHES) revert ExceedMaxVerifyBatches();
    }

    function _takeForcedBatch(uint64 forceBatchNum, BatchData calldata batch, bytes32 transactionsHash) private {
        bytes32 forcedHash = _forcedHash(
            transactionsHash, batch.forcedGlobalExitRoot, batch.forcedTimestamp, batch.forcedBlockHashL1
        );
        if (forcedHash != forcedBatches[forceBatchNum]) revert ForcedDataDoesNotMatch();
        delete forcedBatches[forceBatchNum];
    }

    /// @return forcedCount how many forced batches were sequenced
    function _payForced(uint64 newLastSequenced) private returns (uint256 forcedCount) {
        forcedCount = newLastSequenced - lastForceBatchSequenced;
        if (forcedCount == 0) return 0;
        pol.safeTransfer(address(rollupManager), calculatePolPerForceBatch() * forcedCount);
        lastForceBatchSequenced = newLastSequenced;
    }

    function _accumulateForced(
        bytes32 accInputHash,
        bytes32 transactionsHash,
        BatchData calldata batch,
        address coinbase
    ) private pure returns (bytes32) {
        return _accumulate(
            accInputHash,
            transactionsHash,
            batch.forcedGlobalExitRoot,
            batch.forcedTimestamp,
            coinbase,
            batch.forcedBlockHashL1
        );
    }

    function _accumulate(
        bytes32 accInputHash,
        bytes32 transactionsHash,
        bytes32 root,
        uint64 timestampLimit,
        address coinbase,
        bytes32 forcedBlockHashL1
    ) private pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(accInputHash, transactionsHash, root, timestampLimit, coinbase, forcedBlockHashL1)
        );
    }

    function _forcedHash(bytes32 transactionsHash, bytes32 globalExitRoot, uint64 timestamp, bytes32 blockHash)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(transactionsHash, globalExitRoot, timestamp, blockHash));
    }
}

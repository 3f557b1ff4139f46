// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBridge, IL1GlobalExitRoot, IRollupManager} from "../Interfaces.sol";

/// @notice Addresses, administration and policy of one rollup.
abstract contract RollupSettings {
    event SetTrustedSequencer(address newTrustedSequencer);
    event SetTrustedSequencerURL(string newTrustedSequencerURL);
    event SetForceBatchTimeout(uint64 newforceBatchTimeout);
    event SetForceBatchAddress(address newForceBatchAddress);
    event TransferAdminRole(address newPendingAdmin);
    event AcceptAdminRole(address newAdmin);

    error OnlyAdmin();
    error OnlyPendingAdmin();
    error OnlyRollupManager();
    error OnlyTrustedSequencer();
    error ForceBatchNotAllowed();
    error ForceBatchesDecentralized();
    error InvalidRangeForceBatchTimeout();

    /// @notice A week: the time after which anybody may act when the chain stands still.
    uint64 internal constant HALT_AGGREGATION_TIMEOUT = 1 weeks;

    IERC20 public immutable pol;
    IL1GlobalExitRoot public immutable globalExitRootManager;
    IBridge public immutable bridgeAddress;
    IRollupManager public immutable rollupManager;

    address public admin;
    address public pendingAdmin;
    address public trustedSequencer;
    string public trustedSequencerURL;
    string public networkName;
    address public gasTokenAddress;
    uint32 public gasTokenNetwork;
    /// @notice Who may force batches; anyone when zero.
    address public forceBatchAddress;
    /// @notice Seconds after which a forced batch may be sequenced without the sequencer.
    uint64 public forceBatchTimeout;

    constructor(IL1GlobalExitRoot globalExitRootManager_, IERC20 pol_, IBridge bridge_, IRollupManager rollupManager_) {
        globalExitRootManager = globalExitRootManager_;
        pol = pol_;
        bridgeAddress = bridge_;
        rollupManager = rollupManager_;
    }

    modifier onlyAdmin() {
        if (msg.sender != admin) revert OnlyAdmin();
        _;
    }

    modifier onlyTrustedSequencer() {
        if (msg.sender != trustedSequencer) revert OnlyTrustedSequencer();
        _;
    }

    modifier onlyRollupManager() {
        if (msg.sender != address(rollupManager)) revert OnlyRollupManager();
        _;
    }

    modifier onlyForceBatchAddress() {
        if (forceBatchAddress != address(0) && forceBatchAddress != msg.sender) revert ForceBatchNotAllowed();
        _;
    }

    function setTrustedSequencer(address newTrustedSequencer) external onlyAdmin {
        trustedSequencer = newTrustedSequencer;
        emit SetTrustedSequencer(newTrustedSequencer);
    }

    function setTrustedSequencerURL(string calldata newTrustedSequencerURL) external onlyAdmin {
        trustedSequencerURL = newTrustedSequencerURL;
        emit SetTrustedSequencerURL(newTrustedSequencerURL);
    }

    /// @notice Opens forcing to another address, or to everybody with zero, which cannot be taken back.
    function setForceBatchAddress(address newForceBatchAddress) external onlyAdmin {
        if (forceBatchAddress == address(0)) revert ForceBatchesDecentralized();
        forceBatchAddress = newForceBatchAddress;
        emit SetForceBatchAddress(newForceBatchAddress);
    }

    /// @notice At most a week; it can only shrink, except in an emergency.
    function setForceBatchTimeout(uint64 newforceBatchTimeout) external onlyAdmin {
        bool tooLong = newforceBatchTimeout > HALT_AGGREGATION_TIMEOUT;
        bool grows = newforceBatchTimeout >= forceBatchTimeout;
        if (tooLong || (grows && !rollupManager.isEmergencyState())) revert InvalidRangeForceBatchTimeout();
        forceBatchTimeout = newforceBatchTimeout;
        emit SetForceBatchTimeout(newforceBatchTimeout);
    }

    function transferAdminRole(address newPendingAdmin) external onlyAdmin {
        pendingAdmin = newPendingAdmin;
        emit TransferAdminRole(newPendingAdmin);
    }

    function acceptAdminRole() external {
        if (msg.sender != pendingAdmin) revert OnlyPendingAdmin();
        admin = msg.sender;
        emit AcceptAdminRole(msg.sender);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IBridge, IL1GlobalExitRoot, IRollupManager} from "./Interfaces.sol";
import {Initializable} from "./lib/Initializable.sol";
import {EmergencyState} from "./lib/EmergencyState.sol";
import {BatchFee} from "./manager/BatchFee.sol";
import {RollupRegistry} from "./manager/RollupRegistry.sol";
import {RollupVerification} from "./manager/RollupVerification.sol";

/// @notice Registers rollups, records what they sequence and verifies their batches. Interface and meaning of forks
/// 7 to 11.
contract PolygonRollupManager is RollupVerification, Initializable {
    event OnSequenceBatches(uint32 indexed rollupID, uint64 lastBatchSequenced);
    event SetTrustedAggregator(address newTrustedAggregator);

    error SenderMustBeRollup();
    error MustSequenceSomeBatch();
    error HaltTimeoutNotExpired();
    /// @notice Chains of the time before this manager join by addExistingRollup, not by initialize.
    error LegacyChainNotSupported();

    bytes32 internal constant STOP_EMERGENCY_ROLE = keccak256("STOP_EMERGENCY_ROLE");
    bytes32 internal constant EMERGENCY_COUNCIL_ROLE = keccak256("EMERGENCY_COUNCIL_ROLE");
    bytes32 internal constant EMERGENCY_COUNCIL_ADMIN = keccak256("EMERGENCY_COUNCIL_ADMIN");
    bytes32 internal constant TRUSTED_AGGREGATOR_ROLE_ADMIN = keccak256("TRUSTED_AGGREGATOR_ROLE_ADMIN");
    bytes32 internal constant CREATE_ROLLUP_ROLE_ADMIN = keccak256("CREATE_ROLLUP_ROLE_ADMIN");
    bytes32 internal constant STOP_EMERGENCY_ROLE_ADMIN = keccak256("STOP_EMERGENCY_ROLE_ADMIN");
    bytes32 internal constant TWEAK_PARAMETERS_ROLE_ADMIN = keccak256("TWEAK_PARAMETERS_ROLE_ADMIN");
    bytes32 internal constant SET_FEE_ROLE_ADMIN = keccak256("SET_FEE_ROLE_ADMIN");

    /// @notice Seconds; when the last emergency ended.
    uint64 public lastDeactivatedEmergencyStateTimestamp;

    constructor(IL1GlobalExitRoot globalExitRootManager_, IERC20 pol_, IBridge bridge_)
        RollupRegistry(globalExitRootManager_, pol_, bridge_)
    {}

    /// @notice Sets timeouts (seconds, at most a week each) and hands out the roles. Slow ones, which change what is
    /// verified and how, go to the timelock; those of daily operation to the admin.
    function initialize(
        address trustedAggregator,
        uint64 _pendingStateTimeout,
        uint64 _trustedAggregatorTimeout,
        address admin,
        address timelock,
        address emergencyCouncil,
        address polygonZkEVM,
        address,
        uint64,
        uint64
    ) external initializer {
        if (polygonZkEVM != address(0)) revert LegacyChainNotSupported();
        pendingStateTimeout = _pendingStateTimeout;
        trustedAggregatorTimeout = _trustedAggregatorTimeout;

        _grantRole(DEFAULT_ADMIN_ROLE, timelock);
        _grantRole(ADD_ROLLUP_TYPE_ROLE, timelock);
        _grantRole(ADD_EXISTING_ROLLUP_ROLE, timelock);
        _grantRole(UPDATE_ROLLUP_ROLE, timelock);
        _grantRole(OBSOLETE_ROLLUP_TYPE_ROLE, admin);
        _grantWithAdmin(TRUSTED_AGGREGATOR_ROLE, trustedAggregator, TRUSTED_AGGREGATOR_ROLE_ADMIN, admin);
        _grantWithAdmin(CREATE_ROLLUP_ROLE, admin, CREATE_ROLLUP_ROLE_ADMIN, admin);
        _grantWithAdmin(STOP_EMERGENCY_ROLE, admin, STOP_EMERGENCY_ROLE_ADMIN, admin);
        _grantWithAdmin(TWEAK_PARAMETERS_ROLE, admin, TWEAK_PARAMETERS_ROLE_ADMIN, admin);
        _grantWithAdmin(SET_FEE_ROLE, admin, SET_FEE_ROLE_ADMIN, admin);
        _grantWithAdmin(EMERGENCY_COUNCIL_ROLE, emergencyCouncil, EMERGENCY_COUNCIL_ADMIN, emergencyCouncil);
        emit SetTrustedAggregator(trustedAggregator);
    }

    /// @notice A rollup records new batches.
    /// @return last batch of this rollup that is sequenced now
    function onSequenceBatches(uint64 newSequencedBatches, bytes32 newAccInputHash)
        external
        ifNotEmergencyState
        returns (uint64)
    {
        uint32 rollupID = rollupAddressToID[msg.sender];
        if (rollupID == 0) revert SenderMustBeRollup();
        if (newSequencedBatches == 0) revert MustSequenceSomeBatch();
        RollupData storage rollup = rollupIDToRollupData[rollupID];
        uint64 previous = rollup.lastBatchSequenced;
        uint64 last = previous + newSequencedBatches;
        totalSequencedBatches += newSequencedBatches;
        rollup.lastBatchSequenced = last;
        rollup.sequencedBatches[last] = SequencedBatchData(newAccInputHash, uint64(block.timestamp), previous);
        _tryConsolidatePendingState(rollup, rollupID);
        emit OnSequenceBatches(rollupID, last);
        return last;
    }

    /// @notice The council stops everything at any time; anybody when nothing was verified for a week.
    function activateEmergencyState() external {
        if (!hasRole(EMERGENCY_COUNCIL_ROLE, msg.sender)) {
            bool neverVerified = lastAggregationTimestamp == 0;
            bool verifiedLately = lastAggregationTimestamp + HALT_AGGREGATION_TIMEOUT > block.timestamp;
            bool endedLately = lastDeactivatedEmergencyStateTimestamp + HALT_AGGREGATION_TIMEOUT > block.timestamp;
            if (neverVerified || verifiedLately || endedLately) revert HaltTimeoutNotExpired();
        }
        _stopEverything();
    }

    function deactivateEmergencyState() external onlyRole(STOP_EMERGENCY_ROLE) {
        lastDeactivatedEmergencyStateTimestamp = uint64(block.timestamp);
        _leaveEmergency();
        bridgeAddress.deactivateEmergencyState();
    }

    function _stopEverything() internal override {
        _enterEmergency();
        bridgeAddress.activateEmergencyState();
    }

    function _grantWithAdmin(bytes32 role, address account, bytes32 adminRole, address roleAdmin) private {
        _setRoleAdmin(role, adminRole);
        _grantRole(adminRole, roleAdmin);
        _grantRole(role, account);
    }
}

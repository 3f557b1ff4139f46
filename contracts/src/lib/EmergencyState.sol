// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A switch that stops what an incident could make worse.
abstract contract EmergencyState {
    event EmergencyStateActivated();
    event EmergencyStateDeactivated();

    error OnlyNotEmergencyState();
    error OnlyEmergencyState();

    bool public isEmergencyState;

    modifier ifNotEmergencyState() {
        if (isEmergencyState) revert OnlyNotEmergencyState();
        _;
    }

    modifier ifEmergencyState() {
        if (!isEmergencyState) revert OnlyEmergencyState();
        _;
    }

    function _enterEmergency() internal ifNotEmergencyState {
        isEmergencyState = true;
        emit EmergencyStateActivated();
    }

    function _leaveEmergency() internal ifEmergencyState {
        isEmergencyState = false;
        emit EmergencyStateDeactivated();
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Role-based permissions with the errors of the rollup manager's interface.
abstract contract RoleControl {
    event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole);
    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);

    error AddressDoNotHaveRequiredRole();
    error AccessControlOnlyCanRenounceRolesForSelf();

    bytes32 public constant DEFAULT_ADMIN_ROLE = bytes32(0);

    mapping(bytes32 role => mapping(address account => bool)) private _members;
    mapping(bytes32 role => bytes32) private _adminOf;

    modifier onlyRole(bytes32 role) {
        _requireRole(role);
        _;
    }

    function hasRole(bytes32 role, address account) public view returns (bool) {
        return _members[role][account];
    }

    /// @notice Role whose members may grant and revoke `role`.
    function getRoleAdmin(bytes32 role) public view returns (bytes32) {
        return _adminOf[role];
    }

    function grantRole(bytes32 role, address account) external onlyRole(getRoleAdmin(role)) {
        _grantRole(role, account);
    }

    function revokeRole(bytes32 role, address account) external onlyRole(getRoleAdmin(role)) {
        _revokeRole(role, account);
    }

    /// @notice Gives up one's own role.
    function renounceRole(bytes32 role, address account) external {
        if (account != msg.sender) revert AccessControlOnlyCanRenounceRolesForSelf();
        _revokeRole(role, account);
    }

    function _requireRole(bytes32 role) internal view {
        if (!_members[role][msg.sender]) revert AddressDoNotHaveRequiredRole();
    }

    function _grantRole(bytes32 role, address account) internal {
        if (_members[role][account]) return;
        _members[role][account] = true;
        emit RoleGranted(role, account, msg.sender);
    }

    function _setRoleAdmin(bytes32 role, bytes32 adminRole) internal {
        emit RoleAdminChanged(role, _adminOf[role], adminRole);
        _adminOf[role] = adminRole;
    }

    function _revokeRole(bytes32 role, address account) private {
        if (!_members[role][account]) return;
        _members[role][account] = false;
        emit RoleRevoked(role, account, msg.sender);
    }
}

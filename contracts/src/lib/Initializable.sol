// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One-time initialisation for contracts whose state is set after creation: behind a proxy, or placed in the
/// genesis of an L2 with empty storage.
abstract contract Initializable {
    event Initialized(uint8 version);

    error AlreadyInitialized();

    bool private _initialized;

    modifier initializer() {
        if (_initialized) revert AlreadyInitialized();
        _initialized = true;
        _;
        emit Initialized(1);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IVerifierRollup} from "./Interfaces.sol";

/// @notice Accepts every proof. For tests of a node against a chain whose proofs do not matter; never a default.
contract MockVerifier is IVerifierRollup {
    function verifyProof(bytes32[24] calldata, uint256[1] calldata) external pure returns (bool) {
        return true;
    }
}

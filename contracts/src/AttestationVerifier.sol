// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IVerifierRollup} from "./Interfaces.sol";

/// @notice Accepts a state transition that k of n attesters signed after re-executing it. An attestation is a check by
/// re-execution and no proof of zero knowledge: it is as good as the attesters' keys.
///
/// The 24 words:
///   0      aggregator (20 bytes, then 12 zero bytes)
///   1, 2   oldStateRoot, oldAccInputHash
///   3      initNumBatch, chainID, forkID, finalNewBatch (8 bytes each)
///   4..6   newStateRoot, newAccInputHash, newLocalExitRoot
///   7..    k compact signatures (r, then s with the parity of y in the top bit; s in the lower half of the curve
///          order), the signers' addresses strictly ascending
///   rest   zero
/// Signed: keccak256("zknode attestation v1" | uint256 chain id of this chain | this address | sha256(snark input)),
/// where the snark input is the 212 bytes whose sha256, modulo the BN254 scalar field, is the public signal.
contract AttestationVerifier is IVerifierRollup {
    event AttestersChanged(address[] attesters, uint256 threshold);
    event AdminTransferStarted(address indexed admin, address indexed pendingAdmin);
    event AdminTransferred(address indexed previousAdmin, address indexed newAdmin);

    error OnlyAdmin();
    error OnlyPendingAdmin();
    /// @notice The threshold is not in 1..min(8, number of attesters).
    error ThresholdOutOfRange();
    /// @notice The zero address, or one that is listed twice.
    error AttesterInvalid(address attester);

    /// @notice Signatures that fit into the 24 words.
    uint256 public constant MAX_SIGNATURES = 8;
    uint256 private constant FIRST_SIGNATURE_WORD = 7;
    uint256 private constant WORDS = 24;
    uint256 private constant BN254_SCALAR_FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant SECP256K1_HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant LOW_255_BITS = type(uint256).max >> 1;
    bytes private constant DOMAIN = "zknode attestation v1";

    address public admin;
    address public pendingAdmin;
    /// @notice Number of signatures a proof carries: k of k-of-n.
    uint256 public threshold;
    mapping(address account => bool) public isAttester;
    address[] private _attesters;

    modifier onlyAdmin() {
        if (msg.sender != admin) revert OnlyAdmin();
        _;
    }

    constructor(address admin_, address[] memory attesters_, uint256 threshold_) {
        admin = admin_;
        emit AdminTransferred(address(0), admin_);
        _setAttesters(attesters_, threshold_);
    }

    function attesters() external view returns (address[] memory) {
        return _attesters;
    }

    /// @notice Replaces the whole set. Proofs signed by attesters who left are refused from now on.
    function setAttesters(address[] calldata attesters_, uint256 threshold_) external onlyAdmin {
        for (uint256 i = 0; i < _attesters.length; ++i) isAttester[_attesters[i]] = false;
        _setAttesters(attesters_, threshold_);
    }

    function transferAdmin(address newAdmin) external onlyAdmin {
        pendingAdmin = newAdmin;
        emit AdminTransferStarted(admin, newAdmin);
    }

    function acceptAdmin() external {
        if (msg.sender != pendingAdmin) revert OnlyPendingAdmin();
        emit AdminTransferred(admin, msg.sender);
        admin = msg.sender;
        pendingAdmin = address(0);
    }

    /// @notice Hash that attesters sign, given sha256 of the snark input.
    function attestationDigest(bytes32 snarkInputHash) public view returns (bytes32) {
        return keccak256(abi.encodePacked(DOMAIN, block.chainid, address(this), snarkInputHash));
    }

    /// @inheritdoc IVerifierRollup
    function verifyProof(bytes32[24] calldata proof, uint256[1] calldata pubSignals) external view returns (bool) {
        if (uint96(uint256(proof[0])) != 0) return false;
        bytes32 snarkInputHash = sha256(
            abi.encodePacked(
                bytes20(proof[0]),
                proof[1],
                proof[2],
                bytes24(proof[3]),
                proof[4],
                proof[5],
                proof[6],
                uint64(uint256(proof[3]))
            )
        );
        if (uint256(snarkInputHash) % BN254_SCALAR_FIELD != pubSignals[0]) return false;

        bytes32 digest = attestationDigest(snarkInputHash);
        uint256 end = FIRST_SIGNATURE_WORD + 2 * threshold;
        address previous = address(0);
        for (uint256 word = FIRST_SIGNATURE_WORD; word < end; word += 2) {
            uint256 s = uint256(proof[word + 1]) & LOW_255_BITS;
            if (s > SECP256K1_HALF_ORDER) return false;
            uint8 v = 27 + uint8(uint256(proof[word + 1]) >> 255);
            address signer = ecrecover(digest, v, proof[word], bytes32(s));
            // A failed recovery gives the zero address, which is never above `previous`.
            if (signer <= previous || !isAttester[signer]) return false;
            previous = signer;
        }
        for (uint256 word = end; word < WORDS; ++word) if (proof[word] != 0) return false;
        return true;
    }

    function _setAttesters(address[] memory attesters_, uint256 threshold_) private {
        if (threshold_ == 0 || threshold_ > attesters_.length || threshold_ > MAX_SIGNATURES) {
            revert ThresholdOutOfRange();
        }
        for (uint256 i = 0; i < attesters_.length; ++i) {
            address attester = attesters_[i];
            if (attester == address(0) || isAttester[attester]) revert AttesterInvalid(attester);
            isAttester[attester] = true;
        }
        _attesters = attesters_;
        threshold = threshold_;
        emit AttestersChanged(attesters_, threshold_);
    }
}

-- A Postgres role for provers: the schema proofs alone. Run as the owner of the proof store's database; psql asks for the
-- password with: \password zknode_prover
CREATE ROLE zknode_prover LOGIN;
GRANT USAGE ON SCHEMA proofs TO zknode_prover;
-- Contents are put once and read; a prover changes and deletes none.
GRANT SELECT, INSERT ON proofs.objects TO zknode_prover;
GRANT SELECT, INSERT, UPDATE ON proofs.attempts, proofs.provers TO zknode_prover;
GRANT USAGE ON SEQUENCE proofs.attempts_id_seq TO zknode_prover;

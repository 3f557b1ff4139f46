-- A proof names all who attest it: the one of earlier proofs becomes a list of one.
UPDATE "state"."proofs" SET "proof" = (
  "proof"::jsonb - 'attester' - 'signature' || jsonb_build_object('attestations', jsonb_build_array(
    jsonb_build_object('attester', "proof"::jsonb -> 'attester', 'signature', "proof"::jsonb -> 'signature')))
)::text
WHERE "kind" <> 'final' AND "proof"::jsonb ? 'attester';

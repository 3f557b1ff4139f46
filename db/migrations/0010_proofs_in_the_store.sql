DELETE FROM "state"."proofs" WHERE NOT "accepted";--> statement-breakpoint
INSERT INTO "proofs"."objects" ("key", "content")
SELECT 'proof/' || "proof_id", convert_to("proof", 'UTF8') FROM "state"."proofs"
ON CONFLICT DO NOTHING;--> statement-breakpoint
ALTER TABLE "state"."proofs" ADD COLUMN "prover_kind" text DEFAULT 'embedded' NOT NULL;--> statement-breakpoint
ALTER TABLE "state"."proofs" DROP COLUMN "proof";--> statement-breakpoint
ALTER TABLE "state"."proofs" DROP COLUMN "accepted";

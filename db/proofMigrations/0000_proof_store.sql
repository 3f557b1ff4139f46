CREATE SCHEMA "proofs";
--> statement-breakpoint
CREATE TABLE "proofs"."attempts" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"job_id" text NOT NULL,
	"kind" text NOT NULL,
	"from_batch" bigint NOT NULL,
	"to_batch" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"prover_id" text,
	"prover_name" text,
	"prover_kind" text,
	"request_id" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	"outcome" text,
	"error" text,
	CONSTRAINT "attempts_ended" CHECK (("proofs"."attempts"."ended_at" is null) = ("proofs"."attempts"."outcome" is null))
);
--> statement-breakpoint
CREATE TABLE "proofs"."objects" (
	"key" text collate "C" PRIMARY KEY NOT NULL,
	"content" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "proofs"."provers" (
	"prover_id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"address" text,
	"fork_id" integer,
	"cores" integer,
	"memory_bytes" bigint,
	"free_memory_bytes" bigint,
	"state" text NOT NULL,
	"reason" text,
	"aside_until" timestamp with time zone,
	"job_id" text,
	"connected_at" timestamp with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"proved" bigint DEFAULT 0 NOT NULL,
	"failed" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "attempts_job" ON "proofs"."attempts" USING btree ("job_id","attempt");--> statement-breakpoint
CREATE UNIQUE INDEX "attempts_open" ON "proofs"."attempts" USING btree ("job_id") WHERE "proofs"."attempts"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "attempts_range" ON "proofs"."attempts" USING btree ("from_batch","to_batch");--> statement-breakpoint
CREATE INDEX "attempts_prover" ON "proofs"."attempts" USING btree ("prover_id","id");--> statement-breakpoint
CREATE INDEX "provers_state" ON "proofs"."provers" USING btree ("state","seen_at");
CREATE TABLE "state"."dev_clock" (
	"id" integer PRIMARY KEY NOT NULL,
	"offset_seconds" bigint NOT NULL,
	"next_timestamp" bigint,
	CONSTRAINT "dev_clock_one_row" CHECK ("state"."dev_clock"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "state"."dev_requests" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"request" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."dev_snapshots" (
	"id" bigint PRIMARY KEY NOT NULL,
	"block_number" bigint NOT NULL,
	"block_hash" "bytea" NOT NULL,
	"batch_number" bigint NOT NULL,
	"batch" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);

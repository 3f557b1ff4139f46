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

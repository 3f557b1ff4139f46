CREATE TABLE "state"."l1_senders" (
	"address" "bytea" PRIMARY KEY NOT NULL,
	"balance_wei" numeric(78,0) NOT NULL,
	"alarm_wei" numeric(78,0) NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "state"."l1_transaction_attempts" ADD COLUMN "cancels" boolean DEFAULT false NOT NULL;
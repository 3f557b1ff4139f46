CREATE TABLE "state"."removed_blocks" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"block_number" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"timestamp" bigint NOT NULL,
	"removed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."removed_logs" (
	"removal" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"tx_index" integer NOT NULL,
	"tx_hash" "bytea" NOT NULL,
	"address" "bytea" NOT NULL,
	"topic0" "bytea",
	"topic1" "bytea",
	"topic2" "bytea",
	"topic3" "bytea",
	"data" "bytea" NOT NULL,
	CONSTRAINT "removed_logs_removal_log_index_pk" PRIMARY KEY("removal","log_index")
);
--> statement-breakpoint
ALTER TABLE "state"."rpc_filters" ADD COLUMN "removal" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "state"."removed_logs" ADD CONSTRAINT "removed_logs_removal_removed_blocks_id_fk" FOREIGN KEY ("removal") REFERENCES "state"."removed_blocks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "removed_blocks_hash" ON "state"."removed_blocks" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "removed_blocks_removed" ON "state"."removed_blocks" USING btree ("removed_at");
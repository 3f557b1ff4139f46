CREATE TABLE "state"."fork_upgrades" (
	"l1_block_number" bigint NOT NULL,
	"from_batch" bigint NOT NULL,
	"fork_id" integer NOT NULL,
	CONSTRAINT "fork_upgrades_l1_block_number_from_batch_pk" PRIMARY KEY("l1_block_number","from_batch")
);
--> statement-breakpoint
CREATE TABLE "state"."pre_etrog_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"l1_block_number" bigint NOT NULL,
	"l1_tx_hash" "bytea" NOT NULL,
	"event" text NOT NULL,
	"facts" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."rollbacks" (
	"l1_block_number" bigint PRIMARY KEY NOT NULL,
	"to_batch" bigint NOT NULL,
	"first_removed_l1_block" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "state"."fork_upgrades" ADD CONSTRAINT "fork_upgrades_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."pre_etrog_events" ADD CONSTRAINT "pre_etrog_events_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."rollbacks" ADD CONSTRAINT "rollbacks_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "pre_etrog_events_block" ON "state"."pre_etrog_events" USING btree ("l1_block_number");
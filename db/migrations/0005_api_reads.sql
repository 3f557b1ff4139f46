CREATE TABLE "state"."node_versions" (
	"version" text PRIMARY KEY NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "state"."rpc_filters" ADD COLUMN "owner" text;--> statement-breakpoint
CREATE INDEX "batches_forced" ON "state"."batches" USING btree ("forced_batch_number") WHERE "state"."batches"."forced_batch_number" is not null;--> statement-breakpoint
CREATE INDEX "l1_info_leaves_exit_root" ON "state"."l1_info_leaves" USING btree ("global_exit_root");--> statement-breakpoint
CREATE INDEX "rpc_filters_owner" ON "state"."rpc_filters" USING btree ("owner");--> statement-breakpoint
CREATE INDEX "transactions_recipient" ON "state"."transactions" USING btree ("recipient","block_number");--> statement-breakpoint
CREATE INDEX "transactions_contract" ON "state"."transactions" USING btree ("contract_address") WHERE "state"."transactions"."contract_address" is not null;--> statement-breakpoint
CREATE INDEX "transactions_l2_hash" ON "state"."transactions" USING btree ("l2_hash");
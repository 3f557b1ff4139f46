CREATE SCHEMA "pool";
--> statement-breakpoint
CREATE SCHEMA "state";
--> statement-breakpoint
CREATE SCHEMA "tree";
--> statement-breakpoint
CREATE TABLE "state"."accounts" (
	"address" "bytea" NOT NULL,
	"block_number" bigint NOT NULL,
	"nonce" bigint NOT NULL,
	"balance" numeric(78,0) NOT NULL,
	"code_hash" "bytea",
	"code_size" integer NOT NULL,
	CONSTRAINT "accounts_address_block_number_pk" PRIMARY KEY("address","block_number")
);
--> statement-breakpoint
CREATE TABLE "state"."batches" (
	"batch_number" bigint PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"fork_id" integer NOT NULL,
	"coinbase" "bytea" NOT NULL,
	"opened_at" timestamp with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp with time zone,
	"closing_reason" text,
	"checked_at" timestamp with time zone,
	"batch_l2_data" "bytea",
	"state_root" "bytea",
	"local_exit_root" "bytea",
	"last_timestamp" bigint,
	"block_count" integer DEFAULT 0 NOT NULL,
	"tx_count" integer DEFAULT 0 NOT NULL,
	"counters" jsonb,
	"forced_batch_number" bigint,
	"invalid_reason" text,
	CONSTRAINT "batches_closed_is_complete" CHECK ("state"."batches"."closed_at" is null or ("state"."batches"."closing_reason" is not null and "state"."batches"."batch_l2_data" is not null and "state"."batches"."state_root" is not null))
);
--> statement-breakpoint
CREATE TABLE "pool"."blocked_addresses" (
	"address" "bytea" PRIMARY KEY NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."chain" (
	"id" integer PRIMARY KEY NOT NULL,
	"chain_id" bigint NOT NULL,
	"l1_chain_id" bigint NOT NULL,
	"rollup_manager" "bytea" NOT NULL,
	"rollup_id" integer NOT NULL,
	"genesis_root" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chain_one_row" CHECK ("state"."chain"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "state"."codes" (
	"code_hash" "bytea" PRIMARY KEY NOT NULL,
	"code" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."cursors" (
	"name" text PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL,
	"target" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."forced_batches" (
	"forced_batch_number" bigint PRIMARY KEY NOT NULL,
	"l1_block_number" bigint NOT NULL,
	"l1_tx_hash" "bytea" NOT NULL,
	"sender" "bytea" NOT NULL,
	"batch_l2_data" "bytea" NOT NULL,
	"forced_global_exit_root" "bytea" NOT NULL,
	"forced_timestamp" bigint NOT NULL,
	"forced_block_hash_l1" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."l1_blocks" (
	"block_number" bigint PRIMARY KEY NOT NULL,
	"hash" "bytea" NOT NULL,
	"parent_hash" "bytea" NOT NULL,
	"timestamp" bigint NOT NULL,
	"has_events" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."l1_info_leaves" (
	"leaf_index" integer PRIMARY KEY NOT NULL,
	"l1_block_number" bigint NOT NULL,
	"mainnet_exit_root" "bytea" NOT NULL,
	"rollup_exit_root" "bytea" NOT NULL,
	"global_exit_root" "bytea" NOT NULL,
	"block_hash_l1" "bytea" NOT NULL,
	"timestamp" bigint NOT NULL,
	"leaf_hash" "bytea" NOT NULL,
	"l1_info_root" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."l1_transaction_attempts" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"raw" "bytea" NOT NULL,
	"max_fee_per_gas" numeric(78,0) NOT NULL,
	"max_priority_fee_per_gas" numeric(78,0) NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."l1_transactions" (
	"id" text PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"from_batch" bigint,
	"to_batch" bigint,
	"sender" "bytea" NOT NULL,
	"recipient" "bytea" NOT NULL,
	"nonce" bigint NOT NULL,
	"data" "bytea" NOT NULL,
	"gas_limit" bigint NOT NULL,
	"status" text NOT NULL,
	"hash" "bytea",
	"l1_block_number" bigint,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."l2_blocks" (
	"block_number" bigint PRIMARY KEY NOT NULL,
	"batch_number" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"parent_hash" "bytea" NOT NULL,
	"state_root" "bytea" NOT NULL,
	"block_info_root" "bytea" NOT NULL,
	"coinbase" "bytea" NOT NULL,
	"timestamp" bigint NOT NULL,
	"delta_timestamp" bigint NOT NULL,
	"l1_info_index" integer NOT NULL,
	"global_exit_root" "bytea" NOT NULL,
	"l1_block_hash" "bytea" NOT NULL,
	"gas_limit" numeric(78,0) NOT NULL,
	"gas_used" bigint NOT NULL,
	"transactions_root" "bytea" NOT NULL,
	"receipts_root" "bytea" NOT NULL,
	"logs_bloom" "bytea",
	"tx_count" integer NOT NULL,
	"size_bytes" integer NOT NULL,
	"batch_l2_data" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."leases" (
	"name" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"owner" text NOT NULL,
	"acquired_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."logs" (
	"block_number" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"tx_index" integer NOT NULL,
	"tx_hash" "bytea" NOT NULL,
	"address" "bytea" NOT NULL,
	"topic0" "bytea",
	"topic1" "bytea",
	"topic2" "bytea",
	"topic3" "bytea",
	"data" "bytea" NOT NULL,
	CONSTRAINT "logs_block_number_log_index_pk" PRIMARY KEY("block_number","log_index")
);
--> statement-breakpoint
CREATE TABLE "state"."outbox" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"workflow_id" text NOT NULL,
	"signal" text NOT NULL,
	"payload" jsonb NOT NULL,
	"batch_number" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pool"."transactions" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"arrival" bigserial NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"sender" "bytea" NOT NULL,
	"nonce" bigint NOT NULL,
	"gas_price" numeric(78,0) NOT NULL,
	"gas_limit" bigint NOT NULL,
	"cost" numeric(78,0) NOT NULL,
	"raw" "bytea" NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"rejected_reason" text
);
--> statement-breakpoint
CREATE TABLE "state"."proofs" (
	"proof_id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"from_batch" bigint NOT NULL,
	"to_batch" bigint NOT NULL,
	"prover" text NOT NULL,
	"proof" text NOT NULL,
	"accepted" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."rpc_filters" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"criteria" jsonb,
	"position" bigint NOT NULL,
	"polled_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."sequences" (
	"to_batch" bigint PRIMARY KEY NOT NULL,
	"from_batch" bigint NOT NULL,
	"l1_block_number" bigint NOT NULL,
	"l1_tx_hash" "bytea" NOT NULL,
	"acc_input_hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."storage" (
	"address" "bytea" NOT NULL,
	"slot" "bytea" NOT NULL,
	"block_number" bigint NOT NULL,
	"value" "bytea" NOT NULL,
	CONSTRAINT "storage_address_slot_block_number_pk" PRIMARY KEY("address","slot","block_number")
);
--> statement-breakpoint
CREATE TABLE "state"."transactions" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"block_number" bigint NOT NULL,
	"tx_index" integer NOT NULL,
	"sender" "bytea" NOT NULL,
	"recipient" "bytea",
	"nonce" bigint NOT NULL,
	"raw" "bytea" NOT NULL,
	"l2_hash" "bytea" NOT NULL,
	"effective_percentage" integer NOT NULL,
	"effective_gas_price" numeric(78,0) NOT NULL,
	"status" integer NOT NULL,
	"gas_used" bigint NOT NULL,
	"cumulative_gas_used" bigint NOT NULL,
	"contract_address" "bytea",
	"counters" jsonb
);
--> statement-breakpoint
CREATE TABLE "tree"."nodes" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"data" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."verifications" (
	"to_batch" bigint PRIMARY KEY NOT NULL,
	"from_batch" bigint NOT NULL,
	"l1_block_number" bigint NOT NULL,
	"l1_tx_hash" "bytea" NOT NULL,
	"aggregator" "bytea" NOT NULL,
	"state_root" "bytea" NOT NULL,
	"exit_root" "bytea" NOT NULL,
	"trusted" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."virtual_batches" (
	"batch_number" bigint PRIMARY KEY NOT NULL,
	"l1_block_number" bigint NOT NULL,
	"l1_tx_hash" "bytea" NOT NULL,
	"sequencer" "bytea" NOT NULL,
	"coinbase" "bytea" NOT NULL,
	"l1_info_root" "bytea" NOT NULL,
	"timestamp_limit" bigint NOT NULL,
	"forced_block_hash_l1" "bytea" NOT NULL,
	"acc_input_hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."witnesses" (
	"batch_number" bigint PRIMARY KEY NOT NULL,
	"old_state_root" "bytea" NOT NULL,
	"witness" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "state"."forced_batches" ADD CONSTRAINT "forced_batches_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."l1_info_leaves" ADD CONSTRAINT "l1_info_leaves_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."l1_transaction_attempts" ADD CONSTRAINT "l1_transaction_attempts_id_l1_transactions_id_fk" FOREIGN KEY ("id") REFERENCES "state"."l1_transactions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."l2_blocks" ADD CONSTRAINT "l2_blocks_batch_number_batches_batch_number_fk" FOREIGN KEY ("batch_number") REFERENCES "state"."batches"("batch_number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."logs" ADD CONSTRAINT "logs_block_number_l2_blocks_block_number_fk" FOREIGN KEY ("block_number") REFERENCES "state"."l2_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."sequences" ADD CONSTRAINT "sequences_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."transactions" ADD CONSTRAINT "transactions_block_number_l2_blocks_block_number_fk" FOREIGN KEY ("block_number") REFERENCES "state"."l2_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."verifications" ADD CONSTRAINT "verifications_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "state"."virtual_batches" ADD CONSTRAINT "virtual_batches_l1_block_number_l1_blocks_block_number_fk" FOREIGN KEY ("l1_block_number") REFERENCES "state"."l1_blocks"("block_number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "accounts_block" ON "state"."accounts" USING btree ("block_number");--> statement-breakpoint
CREATE UNIQUE INDEX "batches_one_open" ON "state"."batches" USING btree (("closed_at" is null)) WHERE "state"."batches"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "l1_transaction_attempts_id" ON "state"."l1_transaction_attempts" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "l1_transactions_nonce" ON "state"."l1_transactions" USING btree ("sender","nonce") WHERE "state"."l1_transactions"."status" <> 'abandoned';--> statement-breakpoint
CREATE INDEX "l1_transactions_range" ON "state"."l1_transactions" USING btree ("purpose","to_batch");--> statement-breakpoint
CREATE UNIQUE INDEX "l2_blocks_hash" ON "state"."l2_blocks" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "l2_blocks_batch" ON "state"."l2_blocks" USING btree ("batch_number");--> statement-breakpoint
CREATE INDEX "l2_blocks_info_index" ON "state"."l2_blocks" USING btree ("l1_info_index") WHERE "state"."l2_blocks"."l1_info_index" > 0;--> statement-breakpoint
CREATE INDEX "logs_address" ON "state"."logs" USING btree ("address","block_number");--> statement-breakpoint
CREATE INDEX "logs_topic0" ON "state"."logs" USING btree ("topic0","block_number");--> statement-breakpoint
CREATE UNIQUE INDEX "pool_transactions_sender_nonce" ON "pool"."transactions" USING btree ("sender","nonce") WHERE "pool"."transactions"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "pool_transactions_arrival" ON "pool"."transactions" USING btree ("arrival");--> statement-breakpoint
CREATE INDEX "proofs_range" ON "state"."proofs" USING btree ("kind","from_batch","to_batch");--> statement-breakpoint
CREATE INDEX "rpc_filters_polled" ON "state"."rpc_filters" USING btree ("polled_at");--> statement-breakpoint
CREATE INDEX "storage_block" ON "state"."storage" USING btree ("block_number");--> statement-breakpoint
CREATE UNIQUE INDEX "transactions_position" ON "state"."transactions" USING btree ("block_number","tx_index");--> statement-breakpoint
CREATE INDEX "transactions_sender_nonce" ON "state"."transactions" USING btree ("sender","nonce");
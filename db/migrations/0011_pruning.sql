CREATE TABLE "state"."pruned_transactions" (
	"prefix" bigint PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state"."pruning" (
	"id" integer PRIMARY KEY NOT NULL,
	"oldest_batch" bigint NOT NULL,
	"oldest_block" bigint NOT NULL,
	"removed_batches" bigint NOT NULL,
	"nodes_known_from" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pruning_one_row" CHECK ("state"."pruning"."id" = 1),
	CONSTRAINT "pruning_in_order" CHECK ("state"."pruning"."removed_batches" <= "state"."pruning"."oldest_batch")
);
--> statement-breakpoint
-- Of nodes that are there nobody knows which block made them: the newest one, say, and no horizon before it. A default that
-- is a constant rewrites no row.
DO $$ BEGIN
	EXECUTE format('ALTER TABLE tree.nodes ADD COLUMN block_number bigint NOT NULL DEFAULT %s',
		(SELECT coalesce(max(block_number), 0) FROM state.l2_blocks));
END $$;--> statement-breakpoint
INSERT INTO "state"."pruning" ("id", "oldest_batch", "oldest_block", "removed_batches", "nodes_known_from")
SELECT 1, 0, 0, 0, max("block_number") FROM "state"."l2_blocks" HAVING max("block_number") > 0;--> statement-breakpoint
ALTER TABLE "tree"."nodes" ALTER COLUMN "block_number" DROP DEFAULT;--> statement-breakpoint
-- Removed rows make room for new ones soon, not when a fifth of a large table is gone.
ALTER TABLE "tree"."nodes" SET (autovacuum_vacuum_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "state"."accounts" SET (autovacuum_vacuum_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "state"."storage" SET (autovacuum_vacuum_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "state"."transactions" SET (autovacuum_vacuum_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "state"."logs" SET (autovacuum_vacuum_scale_factor = 0.05);

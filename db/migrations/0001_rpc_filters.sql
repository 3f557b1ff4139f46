CREATE TABLE "state"."rpc_filters" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"criteria" jsonb,
	"position" bigint NOT NULL,
	"polled_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "rpc_filters_polled" ON "state"."rpc_filters" USING btree ("polled_at");
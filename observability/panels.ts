/** A line of a panel: a PromQL expression and how it is named. */
export type Query = { expr: string; legend: string }
export type Panel = {
  title: string
  /** What a person who looks at it should know. */
  text: string
  kind?: 'timeseries' | 'stat' | 'table'
  unit?: string
  /** Of the 24 columns of a row of the screen. */
  width?: number
  queries: readonly Query[]
}
export type Section = { title: string; panels: readonly Panel[] }

const query = (expr: string, legend: string): Query => ({ expr, legend })
const RPC = 'rpc_request_duration_seconds_bucket{instance=~"$instance"}'
const rpcQuantile = (quantile: number) =>
  `histogram_quantile(${quantile}, sum by (le, method) (rate(${RPC}[$__rate_interval])))`

/** What the dashboard shows, from top to bottom. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'Now',
    panels: [
      {
        ...{ title: 'Processes up', text: 'Operations ports that answer.', kind: 'stat', width: 4 },
        queries: [query('sum(up{job="zknode"})', 'up'), query('count(up{job="zknode"})', 'known')],
      },
      {
        ...{ title: 'Waits for somebody', text: 'Parked workflows: docs/runbooks/halted.md.', kind: 'stat', width: 4 },
        queries: [query('sum(node_halted)', 'workflows')],
      },
      {
        ...{ title: 'L2 head', text: 'Newest L2 block, and its age.', kind: 'stat', width: 4 },
        queries: [query('max(l2_head)', 'block')],
      },
      {
        ...{ title: 'L1 behind', text: 'L1 blocks that are still to be read.', kind: 'stat', width: 4 },
        queries: [query('max(l1_sync_behind_blocks)', 'blocks')],
      },
      {
        ...{ title: 'Unproven batches', text: 'Sequenced batches without a proof.', kind: 'stat', width: 4 },
        queries: [query('max(batches_unproven)', 'batches')],
      },
      {
        ...{ title: 'Requests a second', text: 'JSON-RPC over HTTP and WebSocket.', kind: 'stat', width: 4 },
        queries: [query('sum(rate(rpc_requests_total[$__rate_interval]))', 'requests/s')],
      },
      {
        ...{ title: 'Failing checks', text: 'What /ready of a process says is not fine.', kind: 'table', width: 12 },
        queries: [query('node_check_ok == 0', '{{process}} {{instance}} {{check}}')],
      },
      {
        ...{ title: 'Halted by reason', text: 'ZkAttention of running workflows.', width: 12 },
        queries: [query('node_halted > 0', '{{reason}}')],
      },
    ],
  },
  {
    title: 'Heads and lags',
    panels: [
      {
        ...{ title: 'Batches by state', text: 'Newest batch that is so far.', width: 12 },
        queries: [query('batch_number', '{{state}}')],
      },
      {
        title: 'Batches between states',
        ...{ text: 'How many batches are closed and not virtual, virtual and not verified.', width: 12 },
        queries: [
          query('batch_number{state="closed"} - ignoring (state) batch_number{state="virtual"}', 'closed → virtual'),
          query(
            'batch_number{state="virtual"} - ignoring (state) batch_number{state="verified"}',
            'virtual → verified',
          ),
        ],
      },
      {
        ...{ title: 'L1', text: 'Newest block that is followed, last one that was applied.', width: 6 },
        queries: [query('l1_head', 'head'), query('l1_processed', 'processed')],
      },
      {
        ...{ title: 'Age of heads', text: 'Since L1 was last read, of the newest L2 block.', unit: 's', width: 6 },
        queries: [query('l1_sync_age_seconds', 'L1 read'), query('l2_head_age_seconds', 'L2 block')],
      },
      {
        ...{ title: 'Time to catch up', text: 'Of a long reading of L1.', unit: 's', width: 6 },
        queries: [query('l1_sync_eta_seconds', 'catch up')],
      },
      {
        ...{ title: 'L1 reorgs', text: 'That took back a block which was stored.', width: 6 },
        queries: [query('increase(l1_reorgs_total[$__rate_interval])', 'reorgs')],
      },
    ],
  },
  {
    title: 'Batch pipeline',
    panels: [
      {
        title: 'Age of the oldest batch by stage',
        ...{ text: 'A line that grows is a stage that stands: docs/runbooks/batch-late.md.', unit: 's', width: 12 },
        queries: [
          query('batch_stage_age_seconds', '{{stage}}'),
          query('forced_batch_age_seconds', 'forced, not taken'),
        ],
      },
      {
        ...{ title: 'Batches a minute', text: 'Closed, virtual and verified.', width: 12 },
        queries: [query('deriv(batch_number{state=~"closed|virtual|verified"}[5m]) * 60', '{{state}}')],
      },
      {
        ...{ title: 'L2 blocks', text: 'Time to make and store one.', unit: 's', width: 8 },
        queries: [0.5, 0.99].map((quantile) =>
          query(
            `histogram_quantile(${quantile}, sum by (le) (rate(sequencer_block_seconds_bucket[$__rate_interval])))`,
            `p${quantile * 100}`,
          ),
        ),
      },
      {
        ...{ title: 'Batch open', text: 'Time from opening to closing.', unit: 's', width: 8 },
        queries: [
          query(
            'rate(sequencer_batch_open_seconds_sum[$__rate_interval]) / rate(sequencer_batch_open_seconds_count[$__rate_interval])',
            'mean',
          ),
        ],
      },
      {
        ...{ title: 'zk counters', text: 'Share that the newest batch has used.', unit: 'percentunit', width: 8 },
        queries: [query('zk_counter_used_ratio', '{{counter}}')],
      },
    ],
  },
  {
    title: 'L1 transactions and balances',
    panels: [
      {
        ...{ title: 'Pending', text: 'Age of the oldest transaction that is not settled.', unit: 's', width: 8 },
        queries: [query('l1_tx_pending_seconds', 'oldest')],
      },
      {
        ...{ title: 'Fee bumps', text: 'Transactions signed again with higher fees.', width: 8 },
        queries: [query('increase(l1_tx_fee_bumps_total[$__rate_interval])', 'bumps')],
      },
      {
        ...{ title: 'Balances', text: 'In ether, as before the last transaction.', width: 8 },
        queries: [
          query('l1_sender_balance_wei / 1e18', '{{role}} {{address}}'),
          query('l1_sender_alarm_wei / 1e18', 'alarm {{role}}'),
        ],
      },
    ],
  },
  {
    title: 'Proofs and provers',
    panels: [
      {
        ...{ title: 'Provers', text: 'By state and kind: docs/runbooks/provers.md.', width: 6 },
        queries: [query('provers', '{{kind}} {{state}}')],
      },
      {
        ...{ title: 'Work', text: 'Jobs under way, batches without a proof.', width: 6 },
        queries: [query('proof_jobs_proving', 'proving {{kind}}'), query('batches_unproven', 'unproven batches')],
      },
      {
        ...{ title: 'Proof time, p95', text: 'From the start of a try to its proof.', unit: 's', width: 6 },
        queries: [
          query(
            'histogram_quantile(0.95, sum by (le, kind) (rate(proof_seconds_bucket[$__rate_interval])))',
            '{{kind}}',
          ),
        ],
      },
      {
        ...{ title: 'Failed tries', text: 'By reason and prover.', width: 6 },
        queries: [
          query('sum by (reason, prover) (increase(proof_failures_total[$__rate_interval]))', '{{reason}} {{prover}}'),
        ],
      },
      {
        ...{ title: 'Oldest unproven batch', text: 'Since it is on L1.', unit: 's', width: 6 },
        queries: [query('batches_unproven_age_seconds', 'age')],
      },
    ],
  },
  {
    title: 'JSON-RPC',
    panels: [
      {
        ...{ title: 'Requests by method', text: 'A second.', unit: 'reqps', width: 8 },
        queries: [
          query(
            'topk(12, sum by (method) (rate(rpc_requests_total{instance=~"$instance"}[$__rate_interval])))',
            '{{method}}',
          ),
        ],
      },
      {
        ...{ title: 'Latency by method, p99', text: 'Slowest twelve.', unit: 's', width: 8 },
        queries: [query(`topk(12, ${rpcQuantile(0.99)})`, '{{method}}')],
      },
      {
        ...{ title: 'Outcomes that are not ok', text: 'A second, by code of JSON-RPC.', unit: 'reqps', width: 8 },
        queries: [
          query(
            'sum by (outcome, method) (rate(rpc_requests_total{instance=~"$instance",outcome!="ok"}[$__rate_interval]))',
            '{{outcome}} {{method}}',
          ),
        ],
      },
      {
        ...{ title: 'At once', text: 'Requests that run, jobs of the EVM threads.', width: 6 },
        queries: [query('rpc_in_flight', 'requests {{instance}}'), query('rpc_evm_jobs', 'EVM {{state}}')],
      },
      {
        ...{ title: 'WebSocket', text: 'Connections and subscriptions.', width: 6 },
        queries: [query('rpc_ws_connections', 'connections'), query('rpc_subscriptions', '{{kind}}')],
      },
      {
        ...{ title: 'Refused for their rate', text: 'A second.', unit: 'reqps', width: 6 },
        queries: [query('rate(rpc_rate_limited_total[$__rate_interval])', '{{instance}}')],
      },
      {
        ...{ title: 'Answers', text: 'Bytes a second before compression.', unit: 'Bps', width: 6 },
        queries: [query('rate(rpc_response_bytes_sum[$__rate_interval])', '{{instance}}')],
      },
    ],
  },
  {
    title: 'Pool',
    panels: [
      {
        ...{ title: 'Transactions', text: 'By state.', width: 12 },
        queries: [query('pool_transactions', '{{state}}')],
      },
      {
        ...{ title: 'Refused', text: 'By reason: at the API, or by the sequencer.', width: 12 },
        queries: [query('sum by (reason) (increase(pool_rejected_total[$__rate_interval]))', '{{reason}}')],
      },
    ],
  },
  {
    title: 'Temporal',
    panels: [
      {
        ...{ title: 'Failed workflows', text: 'docs/runbooks/workflow-failed.md.', width: 6 },
        queries: [query('increase(temporal_workflow_failures_total[$__rate_interval])', '{{type}}')],
      },
      {
        ...{ title: 'Failed activity tries', text: 'Retried by Temporal.', width: 6 },
        queries: [
          query(
            'sum by (activity_type) (rate(temporal_activity_execution_failed_total[$__rate_interval]))',
            '{{activity_type}}',
          ),
        ],
      },
      {
        title: 'Schedule to start of activities, p95',
        ...{ text: 'Time that work waits for a worker.', unit: 's', width: 6 },
        queries: [
          query(
            'histogram_quantile(0.95, sum by (le, task_queue) (rate(temporal_activity_schedule_to_start_latency_seconds_bucket[$__rate_interval])))',
            '{{task_queue}}',
          ),
        ],
      },
      {
        ...{ title: 'Requests to the server', text: 'Those that failed, a second.', unit: 'reqps', width: 6 },
        queries: [
          query('sum by (operation) (rate(temporal_request_failure_total[$__rate_interval]))', '{{operation}}'),
        ],
      },
    ],
  },
  {
    title: 'Resources',
    panels: [
      {
        ...{ title: 'CPU', text: 'Cores used.', width: 6 },
        queries: [query('rate(process_cpu_seconds_total{job="zknode"}[$__rate_interval])', '{{role}} {{instance}}')],
      },
      {
        ...{ title: 'Memory', text: 'Resident.', unit: 'bytes', width: 6 },
        queries: [query('process_resident_memory_bytes{job="zknode"}', '{{role}} {{instance}}')],
      },
      {
        ...{ title: 'Event loop, p99', text: 'How late a timer is.', unit: 's', width: 6 },
        queries: [query('nodejs_eventloop_lag_p99_seconds{job="zknode"}', '{{role}} {{instance}}')],
      },
      {
        ...{ title: 'Database connections at work', text: 'By pool.', width: 6 },
        queries: [query('db_pool_in_use', '{{pool}}')],
      },
      {
        ...{ title: 'Tables', text: 'Bytes on disk with indexes, largest ten.', unit: 'bytes', width: 12 },
        queries: [query('topk(10, max by (table) (db_size_bytes))', '{{table}}')],
      },
      {
        ...{
          title: 'Growth of the databases',
          text: 'Bytes a day at the pace of the last hour.',
          unit: 'bytes',
          width: 12,
        },
        queries: [query('sum(max by (table) (deriv(db_size_bytes[1h]))) * 86400', 'a day')],
      },
    ],
  },
]

-- In the binary format.
COPY runs (
  workspace_id, id, request_id, flow_id, trigger_id, flow_version, max_attempts, node, output,
  entry_node, event, variables, customer_id, chat_id, element, order_key, replay_of, traceparent)
FROM STDIN (FORMAT binary)

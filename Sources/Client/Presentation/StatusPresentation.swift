package import HeadgateProto

extension StatusReport {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "agent": .string(agent),
      "instance_id": .string(instanceId),
      "started_at": .time(startedAtUs),
      "ready": .bool(ready),
      "not_ready_because": .textOrNull(notReadyBecause),
      "database": database.map {
        [
          "connected": .bool($0.connected), "server_version": .textOrNull($0.serverVersion),
          "schema_version": .integer($0.schemaVersion), "durable": .bool($0.durable),
        ]
      } ?? .null,
      "peers": .array(
        peers.map {
          [
            "principal": .string($0.principal), "agent": .textOrNull($0.agent), "address": .textOrNull($0.address),
            "roles": .array($0.roles.map { .string(snakeCase($0)) }), "connected_at": .time($0.connectedAtUs),
          ]
        }),
      "triggers_loaded": .integer(triggersLoaded),
      "runs": ["ready": .integer(runsReady), "leased": .integer(runsLeased), "dead": .integer(runsDead)],
      "oldest_ready_run_us": .integer(oldestReadyRunUs),
      "ingest_queue": .integer(ingestQueue),
      "outcomes": .object(outcomes.map { JSONValue.Member($0.outcome, .integer($0.count)) }),
      "recorded": .integer(recorded),
      "submit_p50_us": .integer(submitP50Us),
      "submit_p99_us": .integer(submitP99Us),
      "listen_sessions": .integer(listenSessions),
      "retention": retention.map {
        [
          "body_days": .integer($0.bodyDays), "request_days": .integer($0.requestDays),
          "last_run_at": $0.lastRunAtUs == 0 ? .null : .time($0.lastRunAtUs), "last_result": .textOrNull($0.lastResult),
          "last_error": .textOrNull($0.lastError),
          "oldest_request_at": $0.oldestRequestAtUs == 0 ? .null : .time($0.oldestRequestAtUs),
        ]
      } ?? .null,
    ]
  }
}

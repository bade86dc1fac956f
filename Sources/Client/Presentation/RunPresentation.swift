package import HeadgateProto

extension Run {
  /// The form for scripts.
  package var json: JSONValue {
    var json = payload
    for (name, value) in [
      ("state", JSONValue.string(snakeCase(state))),
      ("worker", .textOrNull(worker)),
      ("lease_expires_at", .time(leaseExpiresAtUs)),
      ("available_at", .time(availableAtUs)),
      ("finished_at", .time(finishedAtUs)),
      ("last_error", .textOrNull(lastError)),
    ] { json.set(name, value) }
    return json
  }

  /// What a worker's command gets on its standard input.
  ///
  /// `event` is null when there is none; when it is not UTF-8, `event_base64` has its bytes.
  package var payload: JSONValue {
    let isText = String(validating: event, as: UTF8.self) != nil
    return [
      "id": .string(id),
      "request_id": .string(requestId),
      "flow_id": .string(flowId),
      "flow": .string(flow),
      "flow_version": .integer(flowVersion),
      "trigger_id": .string(triggerId),
      "node": .string(node),
      "output": .textOrNull(output),
      "entry_node": .textOrNull(entryNode),
      "event": event.isEmpty ? .null : .textIfUTF8(event),
      "event_base64": isText ? .null : .string(base64(event)),
      "variables": variables.isEmpty ? [:] : .embedded(variables),
      "customer_id": .textOrNull(customerId),
      "chat_id": .textOrNull(chatId),
      "order_key": orderKey.isEmpty ? .null : .textIfUTF8(orderKey),
      "element": .integer(element),
      "replay_of": .textOrNull(replayOf),
      "traceparent": .textOrNull(traceparent),
      "attempt": .integer(attempt),
      "max_attempts": .integer(maxAttempts),
      "lease_epoch": .integer(leaseEpoch),
      "created_at": .time(createdAtUs),
    ]
  }

  /// Colour of the state.
  package var stateInk: Ink {
    switch state {
    case .completed: .green
    case .dead: .red
    case .leased: .cyan
    case .ready, .unspecified: .plain
    }
  }
}

/// Runs as a table.
package enum RunTable {
  package static func table(_ runs: [Run], time: (Int64) -> String) -> Table {
    Table(
      [
        Table.Column("ID"), Table.Column("WHEN"), Table.Column("FLOW", cutTo: 6), Table.Column("NODE", cutTo: 5),
        Table.Column("STATE"), Table.Column("TRY", .right),
      ],
      rows: runs.map { run in
        [
          Table.Cell(run.id), Table.Cell(time(run.createdAtUs)), Table.Cell(run.flow), Table.Cell(run.entryNode),
          Table.Cell(snakeCase(run.state), run.stateInk), Table.Cell("\(run.attempt)/\(run.maxAttempts)"),
        ]
      })
  }
}

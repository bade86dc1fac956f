import Addresses
package import HeadgateProto

extension LogEntry {
  /// "203.0.113.7"; empty when the edge node did not say.
  package var address: String { IPAddress(bytes: clientAddress)?.description ?? "" }

  /// The outcome, or the cause of a refusal: "accepted", "credential_wrong".
  package var result: String {
    outcome == .rejected && cause != .unspecified ? snakeCase(cause) : snakeCase(outcome)
  }

  /// Colour of the result.
  package var resultInk: Ink {
    switch outcome {
    case .accepted, .handshake: .green
    case .rejected: .red
    case .unrouted, .pending, .captured: .yellow
    case .duplicate, .unspecified: .plain
    }
  }

  /// The fields that a list has, for scripts.
  package var summaryJSON: JSONValue {
    [
      "id": .string(id),
      "trigger_id": .string(triggerId),
      "trigger": .string(trigger),
      "received_at": .time(receivedAtUs),
      "method": .string(String(decoding: method, as: UTF8.self)),
      "path": .string(String(decoding: path, as: UTF8.self)),
      "query": .string(String(decoding: query, as: UTF8.self)),
      "ip": .textOrNull(address),
      "origin": .textOrNull(String(decoding: origin, as: UTF8.self)),
      "outcome": .string(snakeCase(outcome)),
      "cause": cause == .unspecified ? .null : .string(snakeCase(cause)),
      "status": .integer(status),
      "event": .textOrNull(String(decoding: event, as: UTF8.self)),
      "output": .textOrNull(output),
      "body_bytes": .integer(bodyBytes),
      "flow_version": flowVersion == 0 ? .null : .integer(flowVersion),
      "processing_us": .integer(processingUs),
      "delivery_id": .textOrNull(String(decoding: deliveryId, as: UTF8.self)),
      "duplicate_of": .textOrNull(duplicateOf),
      "customer_id": .textOrNull(customerId),
      "chat_id": .textOrNull(chatId),
      "replay_of": .textOrNull(replayOf),
      "trace_id": .textOrNull(traceId),
    ]
  }

  /// Everything, for scripts. The body is text, or in base 64 when it is not UTF-8.
  package var json: JSONValue {
    var json = summaryJSON
    // The field alone cannot tell an empty event from none.
    if let explanation, explanation.eventPresent, event.isEmpty { json.set("event", "") }
    json.set(
      "headers",
      .array(
        headers.map {
          [
            "name": .string(String(decoding: $0.name, as: UTF8.self)),
            "value": .string(String(decoding: $0.value, as: UTF8.self)),
          ]
        }))
    let isText = String(validating: body, as: UTF8.self) != nil
    json.set("body", bodyAbsent.isEmpty ? .textIfUTF8(body) : .null)
    json.set("body_base64", bodyAbsent.isEmpty && !isText ? .string(base64(body)) : .null)
    json.set("body_absent", .textOrNull(bodyAbsent))
    json.set("explanation", explanation?.json ?? .null)
    json.set("runs", .array(runs.map(\.json)))
    json.set("bindings", .array(bindings.map(\.json)))
    return json
  }
}

extension Explanation {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "event_path": .textOrNull(eventPath),
      "event_value": eventPresent ? .string(String(decoding: eventValue, as: UTF8.self)) : .null,
      "cases": .array(
        cases.map {
          ["id": .string($0.caseId), "value": .string(String(decoding: $0.value, as: UTF8.self)), "matched": .bool($0.matched)]
        }),
      "output": .textOrNull(output),
      "entry_node": .textOrNull(entryNode),
      "notes": .array(
        notes.map { ["at": .string($0.at), "code": .string($0.code), "message": .string($0.message)] }),
      "refused_at": .textOrNull(refusedAt),
      "refused_because": .textOrNull(refusedBecause),
      "parts": .array(parts.map(\.json)),
    ]
  }
}

extension ExplainedPart {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "node": .string(node),
      "element": .integer(element),
      "event_value": eventPresent ? .string(String(decoding: eventValue, as: UTF8.self)) : .null,
      "output": .textOrNull(output),
      "entry_node": .textOrNull(entryNode),
      "outcome": .string(snakeCase(outcome)),
      "cause": cause == .unspecified ? .null : .string(snakeCase(cause)),
      "notes": .array(notes.map { ["at": .string($0.at), "code": .string($0.code), "message": .string($0.message)] }),
      "refused_at": .textOrNull(refusedAt),
      "refused_because": .textOrNull(refusedBecause),
      "delivery_id": .textOrNull(String(decoding: deliveryId, as: UTF8.self)),
    ]
  }
}

extension BindingReport {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "node": .string(node),
      "element": .integer(element),
      "customer": customerOutcome.isEmpty
        ? .null
        : [
          "outcome": .string(customerOutcome), "id": .textOrNull(customerId), "found_by": .textOrNull(foundBy),
          "other_matches": .array(otherMatches.map { ["customer_id": .string($0.customerId), "field": .string($0.field)] }),
        ],
      "chat": chatOutcome.isEmpty
        ? .null
        : [
          "outcome": .string(chatOutcome), "id": .textOrNull(chatId),
          "conflict_customer_id": .textOrNull(chatConflictCustomerId),
        ],
      "fields": .array(
        fields.map {
          [
            "field": .string($0.field), "original": .string(String(decoding: $0.original, as: UTF8.self)),
            "value": .textOrNull($0.value), "action": .string($0.action), "message": .textOrNull($0.message),
          ]
        }),
      "failure": .textOrNull(failure),
    ]
  }
}

extension LogRun {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "id": .string(id), "flow": .string(flow), "entry_node": .string(entryNode), "state": .string(state),
      "attempt": .integer(attempt), "variables": .embedded(variables), "node": .textOrNull(node), "element": .integer(element),
      "customer_id": .textOrNull(customerId), "chat_id": .textOrNull(chatId),
    ]
  }
}

/// Requests as a table.
package enum LogTable {
  package static func table(_ entries: [LogEntry], time: (Int64) -> String) -> Table {
    Table(
      [
        Table.Column("ID"), Table.Column("WHEN"), Table.Column("TRIGGER", cutTo: 6), Table.Column("RESULT"),
        Table.Column("HTTP", .right, fallback: .leftOut(rank: 2)),
        Table.Column("EVENT", cutTo: 6, fallback: .leftOut(rank: 1)),
      ],
      rows: entries.map { entry in
        [
          Table.Cell(entry.id), Table.Cell(time(entry.receivedAtUs)), Table.Cell(entry.trigger),
          Table.Cell(entry.result, entry.resultInk), Table.Cell(String(entry.status)), Table.Cell(entry.event),
        ]
      })
  }
}

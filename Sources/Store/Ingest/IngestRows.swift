import Identifiers
package import Postgres

// The columns of `copy_requests.sql`, `copy_runs.sql`, `insert_request.sql` and `insert_run.sql`, in their order.

extension CopyBuffer {
  mutating func append(_ id: UniqueID) { append(high: id.high, low: id.low) }

  mutating func append(optional id: UniqueID?) { if let id { append(id) } else { appendNull() } }

  mutating func append(optional bytes: [UInt8]?) { if let bytes { append(bytes) } else { appendNull() } }

  /// A row of `copy_requests.sql`.
  package mutating func append(_ request: RequestRow) {
    beginRow(fields: 28)
    append(request.workspace)
    append(request.id)
    append(request.trigger)
    append(request.receivedAt)
    append(request.processingMicroseconds)
    append(request.flowVersion)
    append(request.bodyLength)
    append(request.outcome)
    append(request.cause)
    append(request.status)
    append(address: request.clientAddress)
    append(request.method)
    append(request.path)
    append(request.query)
    append(request.origin)
    append(request.event)
    append(request.output)
    append(request.headers)
    append(optional: request.body)
    append(request.explanation)
    append(optional: request.deliveryID)
    append(optional: request.duplicateOf)
    append(optional: request.customer)
    append(optional: request.chat)
    append(optional: request.replayOf)
    append(optional: request.traceID)
    append(optional: request.binding)
    append(optional: request.sealed)
  }

  /// A row of `copy_runs.sql`.
  package mutating func append(_ run: NewRun, of request: RequestRow) {
    beginRow(fields: 18)
    append(request.workspace)
    append(run.id)
    append(request.id)
    append(run.flow)
    append(run.trigger)
    append(run.flowVersion)
    append(run.maxAttempts)
    append(run.node)
    append(run.output)
    append(run.entryNode)
    append(run.event)
    append(run.variables)
    append(optional: run.customer)
    append(optional: run.chat)
    append(run.element)
    append(optional: run.orderKey)
    append(optional: run.replayOf)
    append(run.traceparent)
  }
}

extension RequestRow {
  var parameters: [PostgresValue] {
    let isAddress = clientAddress.count == 4 || clientAddress.count == 16
    return [
      .id(workspace), .id(id), .id(trigger), .time(receivedAt), .int32(processingMicroseconds), .int32(flowVersion),
      .int32(bodyLength), .int16(outcome), .int16(cause), .int16(status),
      isAddress ? .inet(clientAddress, prefixLength: clientAddress.count * 8) : .null, .bytes(method), .bytes(path),
      .bytes(query), .bytes(origin), .bytes(event), .text(output), .bytes(headers), .optional(body) { .bytes($0) },
      .bytes(explanation), .optional(deliveryID) { .bytes($0) }, .optional(duplicateOf, PostgresValue.id),
      .optional(customer, PostgresValue.id), .optional(chat, PostgresValue.id), .optional(replayOf, PostgresValue.id),
      .optional(traceID) { .bytes($0) }, .optional(binding) { .bytes($0) }, .optional(sealed) { .bytes($0) },
    ]
  }
}

extension NewRun {
  func parameters(of request: RequestRow) -> [PostgresValue] {
    [
      .id(request.workspace), .id(id), .id(request.id), .id(flow), .id(trigger), .int32(flowVersion), .int16(maxAttempts),
      .text(node), .text(output), .text(entryNode), .bytes(event), .json(variables),
      .optional(customer, PostgresValue.id), .optional(chat, PostgresValue.id), .int16(element),
      .optional(orderKey) { .bytes($0) }, .optional(replayOf, PostgresValue.id), .text(traceparent),
    ]
  }
}

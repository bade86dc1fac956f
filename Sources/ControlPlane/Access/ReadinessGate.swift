package import HeadgateProto

extension MethodHandler {
  /// The method, answering UNAVAILABLE with the reason while this process must not touch the database.
  package func gated(by readiness: Readiness) -> MethodHandler {
    let gate: @Sendable () throws(RPCError) -> Void = { () throws(RPCError) in
      if let reason = readiness.closedBecause { throw RPCError(.unavailable, reason) }
    }
    let gatedBody: Body =
      switch body {
      case .direct(let handle):
        .direct { payload, context, reply in
          do throws(RPCError) { try gate() } catch { return reply(.failure(error)) }
          handle(payload, context, reply)
        }
      case .unary(let handle):
        .unary { payload, context in
          try gate()
          return try await handle(payload, context)
        }
      case .serverStream(let handle):
        .serverStream { payload, context, write in
          try gate()
          try await handle(payload, context, write)
        }
      case .clientStream(let handle):
        .clientStream { next, context in
          try gate()
          return try await handle(next, context)
        }
      }
    return MethodHandler(service: service, name: name, roles: roles, body: gatedBody)
  }
}

package import HeadgateProto

// Methods that the protocol has and this version does not serve yet.

extension LogService {
  package func tail(_ request: TailLogsRequest, context: CallContext, writer: MessageWriter<LogEntry>) async throws {
    throw RPCError.awaited
  }
  package func stats(_ request: LogStatsRequest, context: CallContext) async throws -> LogStatsResponse {
    throw RPCError.awaited
  }
  package func export(_ request: ExportLogsRequest, context: CallContext, writer: MessageWriter<ExportedLog>) async throws {
    throw RPCError.awaited
  }
  package func leaves(_ request: LogLeavesRequest, context: CallContext) async throws -> LogLeavesResponse {
    throw RPCError.awaited
  }
}

extension RPCError {
  fileprivate static let awaited = RPCError(.unimplemented, "this version of the control plane does not serve the method")
}

package import Identifiers
import Postgres

/// A trigger of a workspace.
package struct TriggerName: Hashable, Sendable {
  package var workspace: UniqueID
  package var trigger: UniqueID

  /// Names a trigger.
  package init(workspace: UniqueID, trigger: UniqueID) {
    self.workspace = workspace
    self.trigger = trigger
  }
}

/// What came of pending requests.
package struct PendingSettlement: Hashable, Sendable {
  /// Requests looked at, those included that go on waiting.
  package var seen = 0
  /// The last of them; `nil`: there were none.
  package var last: UniqueID?
  /// Flows that have new runs.
  package var flowsWithRuns: Set<UniqueID> = []
}

extension Store {
  /// Triggers that have requests which were recorded while their secrets were not known.
  package func triggersWithPendingRequests() async throws(StoreError) -> [TriggerName] {
    try await read { session in
      try session.query(Statements.pendingTriggers).map { TriggerName(workspace: try $0.id(), trigger: try $0.id()) }
    }
  }

  /// How many of a trigger's requests wait for its first secret.
  package func pendingRequests(of trigger: UniqueID, in workspace: UniqueID) async throws(StoreError) -> Int64 {
    try await read { session in
      try session.query(Statements.countPendingRequests, [.id(workspace), .id(trigger)]).first { try $0.int64() } ?? 0
    }
  }

  /// Records what became of requests that had been pending, with the runs they start, in one transaction: each of them once,
  /// however many processes try, and again from where it was when one of them dies.
  ///
  /// - Parameters:
  ///   - id: only requests after this one, which are older first; `nil`: from the oldest.
  ///   - decide: says what is to be recorded; `nil`: the request goes on waiting. Called on a connection's thread: pure.
  package func settlePendingRequests(
    of name: TriggerName, after id: UniqueID? = nil, limit: Int, decide: @escaping @Sendable (RequestRow) -> IngestEntry?
  ) async throws(StoreError) -> PendingSettlement {
    try await change { session in
      var settlement = PendingSettlement()
      let rows = try session.query(
        Statements.pendingRequests,
        [.id(name.workspace), .id(name.trigger), .id(id ?? .least), .int32(Int32(clamping: limit))]
      ).map { try RequestRow(&$0) }
      settlement.seen = rows.count
      settlement.last = rows.last?.id
      var drafts = rows.compactMap(decide).map { entry in
        IngestDraft(PendingEntry(entry, byteCount: 0, deadline: entry.deadline) { _ in })
      }
      guard !drafts.isEmpty else { return settlement }
      try IngestBatch.settle(&drafts, session)
      for draft in drafts {
        let request = draft.request
        guard try session.query(Statements.settlePendingRequest, request.settledParameters).affectedCount == 1 else { continue }
        try draft.forEachRun { run in
          try session.query(Statements.insertRun, run.parameters(of: request))
          settlement.flowsWithRuns.insert(run.flow)
        }
      }
      return settlement
    }
  }
}

extension RequestRow {
  /// For `settle_pending_request.sql`.
  fileprivate var settledParameters: [PostgresValue] {
    [
      .id(workspace), .id(id), .int16(outcome), .int16(cause), .int32(flowVersion), .bytes(event), .text(output),
      .bytes(explanation), .optional(deliveryID) { .bytes($0) }, .optional(duplicateOf, PostgresValue.id),
      .optional(customer, PostgresValue.id), .optional(chat, PostgresValue.id), .optional(binding) { .bytes($0) },
      .bool(outcome == RequestRow.rejectedOutcome),
    ]
  }

  /// The number of `headgate.v1.OUTCOME_REJECTED`.
  private static let rejectedOutcome: Int16 = 4
}

import Identifiers
import Postgres
import Rules

/// Which entries of a batch are settled, and how.
struct IngestPlan {
  let entries: [PendingEntry]
  private var settled: [IngestBatch.Outcome?]
  /// Entries with the id of an earlier one of the same batch: they share its fate.
  private var firstOf: [Int: Int] = [:]

  init(_ entries: [PendingEntry]) {
    self.entries = entries
    settled = Array(repeating: nil, count: entries.count)
  }

  private func key(_ index: Int) -> RecordedRequests.Key { RecordedRequests.Key(entries[index].entry.request) }

  /// Those that are still to be written.
  var open: [Int] { entries.indices.filter { settled[$0] == nil && firstOf[$0] == nil } }

  mutating func settle(_ index: Int, _ outcome: IngestBatch.Outcome) { settled[index] = outcome }

  /// Ties repeated ids of this batch to their first occurrence.
  mutating func settleRepeated() {
    var first: [RecordedRequests.Key: Int] = [:]
    for index in open {
      if let earlier = first[key(index)] { firstOf[index] = earlier } else { first[key(index)] = index }
    }
  }

  /// Settles what the database has already.
  mutating func settleRecorded(_ session: PostgresSession) throws(PostgresError) {
    let recorded = try RecordedRequests.find(open.map { entries[$0].entry.request }, session)
    for index in open where recorded.holds(key(index)) {
      settled[index] = recorded.outcome(of: entries[index].entry)
    }
  }

  func outcomes() -> [IngestBatch.Outcome] {
    entries.indices.map { index in
      guard let first = firstOf[index] else { return settled[index] ?? .failure(.unavailable) }
      let outcome = settled[first] ?? .failure(.unavailable)
      guard case .success(let result) = outcome else { return outcome }
      return RecordedRequests(entries[first].entry.request, result).outcome(of: entries[index].entry)
    }
  }
}

/// What is recorded under some ids.
struct RecordedRequests {
  struct Key: Hashable {
    var workspace: UniqueID
    var id: UniqueID

    init(workspace: UniqueID, id: UniqueID) {
      self.workspace = workspace
      self.id = id
    }

    init(_ request: RequestRow) { self.init(workspace: request.workspace, id: request.id) }
  }

  private var verdicts: [Key: (trigger: UniqueID, verdict: RecordedVerdict)] = [:]

  private init() {}

  /// What a request that was just recorded came to.
  init(_ request: RequestRow, _ result: IngestResult) {
    var verdict = RecordedVerdict(outcome: request.outcome, cause: request.cause, status: request.status)
    switch result {
    case .recorded, .alreadyRecorded: break
    case .duplicate(let first): (verdict.outcome, verdict.duplicateOf) = (RequestRow.duplicateOutcome, first)
    case .recordedBefore(let recorded): verdict = recorded
    }
    verdicts[Key(request)] = (request.trigger, verdict)
  }

  /// Looks the requests' ids up, each under its trigger.
  static func find(_ requests: [RequestRow], _ session: PostgresSession) throws(PostgresError) -> RecordedRequests {
    let parameters: [PostgresValue] = [
      .ids(requests.map(\.workspace)), .ids(requests.map(\.id)), .ids(requests.map(\.trigger)),
    ]
    let result = try session.query(Statements.existingRequests, parameters)
    var recorded = RecordedRequests()
    for index in 0..<result.count {
      var row = result[index]
      let key = Key(workspace: try row.id(), id: try row.id())
      let trigger = try row.id()
      recorded.verdicts[key] = (
        trigger,
        RecordedVerdict(
          outcome: try row.int16(), cause: try row.int16(), status: try row.int16(), duplicateOf: try row.optionalID())
      )
    }
    return recorded
  }

  func holds(_ key: Key) -> Bool { verdicts[key] != nil }

  /// What was recorded holds, whatever this attempt came to: with the same outcome it is answered as it was decided now, else
  /// as it was recorded. One that was recorded as a duplicate stays one of the same first request, whatever has become of the
  /// claim since.
  func outcome(of entry: IngestEntry) -> IngestBatch.Outcome {
    let request = entry.request
    guard let (trigger, verdict) = verdicts[Key(request)], trigger == request.trigger else {
      return .failure(.recordedOtherwise)
    }
    if let first = verdict.duplicateOf, verdict.outcome == RequestRow.duplicateOutcome, request.canBeDuplicate {
      return .success(.duplicate(of: first))
    }
    // What of it were repetitions is known in the transaction only, and so is whether a run was left to start.
    let mayDiffer = request.canBeDuplicate && entry.parts.contains { $0.claim != nil }
    let isSame = verdict.outcome == request.outcome || mayDiffer && RequestRow.startsOrNot.contains(verdict.outcome)
    return .success(isSame ? .alreadyRecorded : .recordedBefore(verdict))
  }
}

extension RequestRow {
  static let duplicateOutcome = Int16(RequestOutcome.duplicate.rawValue)

  fileprivate static let startsOrNot = [RequestOutcome.accepted, .unrouted].map { Int16($0.rawValue) }

  /// Whether an attempt that was decided so may have been recorded as a duplicate.
  fileprivate var canBeDuplicate: Bool { Self.startsOrNot.contains(outcome) }
}

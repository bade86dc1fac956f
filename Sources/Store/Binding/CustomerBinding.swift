import Identifiers
import Postgres
import Rules

/// Binds the parts of a batch to customers and chats, in the batch's transaction and in a few statements for all of them.
///
/// What the parts' values lead to is read at once, the planner decides, and what it decided is written, in an order that is the
/// same for everybody. Nothing is locked before that: where somebody else was faster, the writing touches fewer rows than
/// planned, and everything is undone to the savepoint and planned again on what is there now.
enum CustomerBinding {
  /// A part that binds something.
  struct Place {
    var draft: Int
    var part: Int
    var workspace: UniqueID
    var request: BindingRequest
  }

  /// Binds every part that is no duplicate. What the database refuses of one part is that part's failure alone.
  static func settle(_ drafts: inout [IngestDraft], _ session: PostgresSession) throws(PostgresError) {
    var places: [Place] = []
    for (index, draft) in drafts.enumerated() {
      for (part, binding) in draft.entry.parts.lazy.map(\.binding).enumerated() {
        guard let binding, draft[part].duplicateOf == nil else { continue }
        places.append(Place(draft: index, part: part, workspace: draft.entry.request.workspace, request: binding))
      }
    }
    guard !places.isEmpty else { return }
    try lockNames(of: places, session)
    if case .bound(let outcomes) = try bind(places, session) {
      for (place, outcome) in zip(places, outcomes) { drafts[place.draft][place.part].binding = outcome }
      return
    }
    for place in places {
      switch try bind([place], session) {
      case .bound(let outcomes): drafts[place.draft][place.part].binding = outcomes.first
      case .refused(let sqlState):
        drafts[place.draft][place.part].binding = BindingOutcome(failed: place.request, sqlState: sqlState)
      }
    }
  }

  private enum Attempt {
    case bound([BindingOutcome])
    /// Nothing was written.
    case refused(sqlState: String)
  }

  private static func bind(_ places: [Place], _ session: PostgresSession) throws(PostgresError) -> Attempt {
    var toLock: [(workspace: UniqueID, customer: UniqueID)] = []
    for _ in 0..<attemptLimit {
      try session.run(script: "SAVEPOINT binding")
      do throws(PostgresError) {
        if !toLock.isEmpty {
          try session.query(Statements.lockCustomers, [.ids(toLock.map(\.workspace)), .ids(toLock.map(\.customer))])
        }
        var planners = try BindingReading(places).read(session).mapValues { BindingPlanner($0, makeID: makeID) }
        var outcomes: [BindingOutcome] = []
        outcomes.reserveCapacity(places.count)
        for place in places {
          let planner = BindingPlanner(BindingState(), makeID: makeID)
          outcomes.append(planners[place.workspace, default: planner].bind(place.request))
        }
        let changes = planners.map { (workspace: $0.key, changes: $0.value.changes) }.sorted { $0.workspace < $1.workspace }
        if try BindingWriting(changes).write(session) {
          try session.run(script: "RELEASE SAVEPOINT binding")
          return .bound(outcomes)
        }
        // Whoever was faster has committed; from now on nobody else changes these.
        toLock = changes.flatMap { workspace, changes in changes.changed.map { (workspace, $0.id) } }
      } catch {
        guard error.kind == .server, !error.isRetryable, !error.isConnectionLost else { throw error }
        try session.run(script: "ROLLBACK TO SAVEPOINT binding; RELEASE SAVEPOINT binding")
        return .refused(sqlState: error.sqlState)
      }
      try session.run(script: "ROLLBACK TO SAVEPOINT binding; RELEASE SAVEPOINT binding")
    }
    throw PostgresError(.server, "others are always faster", sqlState: PostgresError.serializationFailure, severity: "ERROR")
  }

  /// Each lost race means that somebody else made a customer, contact or chat which is found the next time.
  private static let attemptLimit = 16

  private static let identifiers = RequestIDGenerator()

  /// Grows with time, as far as clocks do: the newest customers are those with the greatest ids.
  private static func makeID() -> UniqueID { identifiers.next(unixMilliseconds: UnixTime.now().microseconds / 1000) }

  // MARK: Names

  /// Of requests that may create a customer who is to be found by name, only one at a time goes on for each name.
  private static func lockNames(of places: [Place], _ session: PostgresSession) throws(PostgresError) {
    var numbers: Set<Int64> = []
    for place in places {
      for field in place.request.customer where field.kind == .name && field.isKey {
        if let name = field.value { numbers.insert(nameLock(place.workspace, ContactKind.nameKey(name))) }
      }
    }
    guard !numbers.isEmpty else { return }
    try session.query(Statements.lockNames, [.int64s(numbers.sorted())])
  }

  /// One of a few numbers, so that a batch cannot fill the server's table of locks: FNV-1a of workspace and name.
  private static func nameLock(_ workspace: UniqueID, _ name: String) -> Int64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in workspace.bytes + Array(name.utf8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return nameLockSpace | Int64(hash % nameLockCount)
  }

  private static let nameLockCount: UInt64 = 256
  /// "headgate" in the upper half, apart from other advisory locks.
  private static let nameLockSpace: Int64 = 0x6867_6e61 << 32
}

extension BindingOutcome {
  /// Of what the database refused.
  fileprivate init(failed request: BindingRequest, sqlState: String) {
    self.init()
    if !request.customer.isEmpty { customerManner = .failed }
    if request.chat != nil { chatManner = .failed }
    failure = "The database refused what was to be written (SQLSTATE \(sqlState))."
  }
}

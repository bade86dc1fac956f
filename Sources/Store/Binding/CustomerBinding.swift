import Identifiers
import Postgres
import Rules

/// Binds the parts of a batch to customers and chats, in a few round trips for all of them.
///
/// What the parts' values lead to is read, the planner decides, and what it decided is written in the batch's transaction, in an
/// order that is the same for everybody. Nothing is locked before that, and nothing that is found ever goes away: so the reading
/// needs no transaction, and a batch that only finds needs none for its binding. Where somebody else was faster, the writing
/// touches fewer rows than planned; then the transaction is rolled back, and everything is planned again on what is there now.
struct CustomerBinding {
  /// A part that binds something.
  struct Place {
    var draft: Int
    var part: Int
    var workspace: UniqueID
    var request: BindingRequest
    /// The part has a run, which starts whatever becomes of its binding.
    var startsRun = false
  }

  /// Customers that were to be changed when somebody else was faster: locked before they are read again.
  private var contested: Set<CustomerKey> = []
  private var lostRaces = 0
  /// The database refuses something of the batch.
  private var isRefused = false

  /// Binds every part that is no duplicate, and begins a transaction if something has to be written or locked; `false`: it is to
  /// be rolled back and the batch to be tried again.
  mutating func settle(_ drafts: inout [IngestDraft], _ session: PostgresSession) throws(PostgresError) -> Bool {
    let places = Self.places(drafts)
    guard !places.isEmpty else { return true }
    if isRefused {
      try Self.settleWithin(&drafts, session)
      return true
    }
    do throws(PostgresError) {
      let plan = try self.plan(places, session)
      let changed = plan.changedCustomers
      // Others are locked in order before these; who locks more afterwards waits in a circle.
      if contested.isEmpty || changed.isSubset(of: contested), try BindingWriting(plan.changes).write(session) {
        for (place, outcome) in zip(places, plan.outcomes) { drafts[place.draft][place.part].binding = outcome }
        return true
      }
      contested.formUnion(changed)
    } catch {
      guard error.isRefusal else { throw error }
      isRefused = true
      return false
    }
    lostRaces += 1
    guard lostRaces < Self.raceLimit else { throw Self.alwaysLost }
    return false
  }

  /// Reads outside of a transaction unless there is one already, or something has to be locked before.
  private func plan(_ places: [Place], _ session: PostgresSession) throws(PostgresError) -> BindingPlan {
    let reading = BindingReading(places)
    let names = Self.nameLocks(of: places)
    if contested.isEmpty, !session.isInTransaction {
      let plan = BindingPlan(places, try reading.read(session))
      // A name is no unique key: who is not found by it is looked for once more while nobody else can make one.
      if names.isEmpty || plan.isEmpty { return plan }
    }
    let locks = Self.locks(names) + Self.locks(contested)
    let states = try reading.read(session, after: locks, beginning: !session.isInTransaction)
    return BindingPlan(places, states)
  }

  /// Binds the parts under savepoints within a transaction, which begins unless there is one: what the database refuses of a part
  /// is that part's failure alone.
  static func settleWithin(_ drafts: inout [IngestDraft], _ session: PostgresSession) throws(PostgresError) {
    let places = places(drafts)
    guard !places.isEmpty else { return }
    _ = try session.query(locks(nameLocks(of: places)), beginning: !session.isInTransaction)
    if case .bound(let outcomes) = try bind(places, session) {
      for (place, outcome) in zip(places, outcomes) { drafts[place.draft][place.part].binding = outcome }
      return
    }
    for place in places {
      switch try bind([place], session) {
      case .bound(let outcomes): drafts[place.draft][place.part].binding = outcomes.first
      case .refused(let sqlState):
        drafts[place.draft][place.part].binding = BindingOutcome(failed: place, sqlState: sqlState)
      }
    }
  }

  private enum Attempt {
    case bound([BindingOutcome])
    /// Nothing was written.
    case refused(sqlState: String)
  }

  private static func bind(_ places: [Place], _ session: PostgresSession) throws(PostgresError) -> Attempt {
    var contested: Set<CustomerKey> = []
    for _ in 0..<raceLimit {
      try session.run(script: "SAVEPOINT binding")
      do throws(PostgresError) {
        let plan = BindingPlan(places, try BindingReading(places).read(session, after: locks(contested)))
        if try BindingWriting(plan.changes).write(session) {
          try session.run(script: "RELEASE SAVEPOINT binding")
          return .bound(plan.outcomes)
        }
        // Whoever was faster has committed; from now on nobody else changes these.
        contested.formUnion(plan.changedCustomers)
      } catch {
        guard error.isRefusal else { throw error }
        try session.run(script: "ROLLBACK TO SAVEPOINT binding; RELEASE SAVEPOINT binding")
        return .refused(sqlState: error.sqlState)
      }
      try session.run(script: "ROLLBACK TO SAVEPOINT binding; RELEASE SAVEPOINT binding")
    }
    throw alwaysLost
  }

  private static func places(_ drafts: [IngestDraft]) -> [Place] {
    var places: [Place] = []
    for (index, draft) in drafts.enumerated() {
      for (number, part) in draft.entry.parts.enumerated() {
        guard let binding = part.binding, draft[number].duplicateOf == nil else { continue }
        places.append(
          Place(
            draft: index, part: number, workspace: draft.entry.request.workspace, request: binding, startsRun: part.run != nil))
      }
    }
    return places
  }

  /// Each lost race means that somebody else made a customer, contact or chat which is found the next time.
  private static let raceLimit = 16

  private static let alwaysLost = PostgresError(
    .server, "others are always faster", sqlState: PostgresError.serializationFailure, severity: "ERROR")

  // MARK: Locks

  private static func locks(_ customers: Set<CustomerKey>) -> [PostgresCall] {
    guard !customers.isEmpty else { return [] }
    let parameters: [PostgresValue] = [.ids(customers.map(\.workspace)), .ids(customers.map(\.id))]
    return [PostgresCall(Statements.lockCustomers, parameters)]
  }

  private static func locks(_ names: Set<Int64>) -> [PostgresCall] {
    names.isEmpty ? [] : [PostgresCall(Statements.lockNumbers, [.int64s(names.sorted())])]
  }

  /// Of requests that may create a customer who is to be found by name, only one at a time goes on for each name: that is no
  /// unique key, so that nothing else would keep two batches from creating one customer each.
  private static func nameLocks(of places: [Place]) -> Set<Int64> {
    var numbers: Set<Int64> = []
    for place in places {
      for field in place.request.customer where field.kind == .name && field.isKey {
        guard let name = field.value else { continue }
        numbers.insert(LockNumber.of(.name, place.workspace, key: Array(ContactKind.nameKey(name).utf8)))
      }
    }
    return numbers
  }
}

extension PostgresError {
  /// The server refuses what a statement says, and would refuse it again.
  var isRefusal: Bool { kind == .server && !isRetryable && !isConnectionLost }
}

extension BindingOutcome {
  /// Of what the database refused.
  fileprivate init(failed place: CustomerBinding.Place, sqlState: String) {
    self.init()
    if !place.request.customer.isEmpty { customerManner = .failed }
    if place.request.chat != nil { chatManner = .failed }
    failure = "The database refused what was to be written (SQLSTATE \(sqlState))."
    guard place.startsRun else { return }
    let missing = [customerManner == nil ? nil : "customer", chatManner == nil ? nil : "chat"].compactMap { $0 }
    failure += " The run starts without \(missing.joined(separator: " and "))."
  }
}

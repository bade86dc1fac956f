package import Identifiers
import Postgres

/// A worker's wish for runs.
package struct RunWish: Sendable {
  package var workspace: UniqueID
  /// Only runs of this flow; `nil`: of any.
  package var flow: UniqueID?
  /// Name of the worker, for people.
  package var worker: String
  /// At least 1.
  package var limit: Int
  /// Length of the lease, by PostgreSQL's clock.
  package var duration: Duration

  /// Makes a wish.
  package init(workspace: UniqueID, flow: UniqueID? = nil, worker: String, limit: Int, duration: Duration) {
    self.workspace = workspace
    self.flow = flow
    self.worker = worker
    self.limit = limit
    self.duration = duration
  }
}

/// A run as the worker that leased it knows it.
package struct RunLease: Hashable, Sendable {
  package var workspace: UniqueID
  package var run: UniqueID
  package var epoch: Int64

  /// Makes a lease.
  package init(workspace: UniqueID, run: UniqueID, epoch: Int64) {
    self.workspace = workspace
    self.run = run
    self.epoch = epoch
  }
}

/// A key that runs are worked on one after the other for.
struct RunOrder: Hashable {
  var workspace: UniqueID
  var trigger: UniqueID
  var key: [UInt8]
}

/// What was leased for several wishes.
struct LeasedRuns {
  /// In the order of the wishes.
  var runs: [[RunRow]]
  /// Of runs that were found abandoned at their last attempt.
  var ended: Set<RunOrder> = []
  /// When the last of the runs found became available; `nil`: none was found.
  var reachedUntil: UnixTime?
  /// Runs that others stand before.
  var putAside = 0
}

/// Limits of one lease.
enum LeaseLimits {
  /// Runs that one statement looks at.
  static let candidates = 1000
  /// Statements of one lease, when runs that others stand before are in the way.
  static let rounds = 16
}

extension PostgresSession {
  /// Leases runs that are ready, and those whose lease has ended, those that have waited longest first; the first wish first.
  ///
  /// All wishes are of one workspace and flow.
  ///
  /// - Parameter since: none that became available before; `nil`: all.
  func lease(_ wishes: [RunWish], since: UnixTime? = nil) throws(PostgresError) -> LeasedRuns {
    var leased = LeasedRuns(runs: wishes.map { _ in [] })
    guard let first = wishes.first else { return leased }
    var open = wishes.indices.flatMap { index in Array(repeating: index, count: max(0, wishes[index].limit)) }
    var candidates = min(open.count, LeaseLimits.candidates)
    for _ in 0..<LeaseLimits.rounds where !open.isEmpty {
      let result = try query(
        Statements.leaseRuns,
        [
          .id(first.workspace), .optional(first.flow, PostgresValue.id), .int32(Int32(clamping: candidates)),
          .texts(open.map { wishes[$0].worker.filter { $0 != "\0" } }),
          .int64s(open.map { wishes[$0].duration.wholeMicroseconds }), .time(since ?? Self.longAgo),
        ])
      var used: Set<Int> = []
      var others = 0
      for index in 0..<result.count {
        var row = result[index]
        let slot = Int(try row.int64())
        leased.reachedUntil = max(leased.reachedUntil ?? Self.longAgo, try row.time())
        let run = try RunRow(&row)
        guard run.progress == .leased, open.indices.contains(slot - 1) else {
          others += 1
          if run.progress == .ready { leased.putAside += 1 }
          if run.progress == .dead, let order = run.order { leased.ended.insert(order) }
          continue
        }
        leased.runs[open[slot - 1]].append(run)
        used.insert(slot - 1)
      }
      open = open.indices.filter { !used.contains($0) }.map { open[$0] }
      // Dead ones, and those that others stand before, took the place of some that are ready: look again, further.
      if others == 0 { break }
      candidates = min(max(candidates * 4, open.count), LeaseLimits.candidates)
    }
    for index in leased.runs.indices { leased.runs[index].sort { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) } }
    return leased
  }

  /// Takes those out again beside which another run of their order key was leased by a transaction that could not be seen yet: an
  /// earlier request may be committed after a later one, whose run is leased at the same time by another replica.
  ///
  /// The last thing of a transaction: whoever waits here has all the row locks it needs, so that nobody waits in a circle.
  func giveBack(overtakenOf leased: inout [[RunRow]]) throws(PostgresError) {
    let ordered = leased.joined().filter { $0.orderKey != nil }
    guard !ordered.isEmpty else { return }
    let numbers = Set(ordered.compactMap(\.order).map { LockNumber.of(.order, $0.workspace, $0.trigger, key: $0.key) })
    // Whoever leases a run of these keys has them until he has committed, and the second statement sees what he did.
    let results = try query([
      PostgresCall(Statements.lockNumbers, [.int64s(numbers.sorted())]),
      PostgresCall(Statements.giveBackRuns, [.ids(ordered.map(\.workspace)), .ids(ordered.map(\.id))]),
    ])
    var given: Set<RunName> = []
    for index in 0..<results[1].count {
      var row = results[1][index]
      given.insert(RunName(RunLease(workspace: try row.id(), run: try row.id(), epoch: 0)))
    }
    guard !given.isEmpty else { return }
    for index in leased.indices {
      leased[index].removeAll { given.contains(RunName(RunLease(workspace: $0.workspace, run: $0.id, epoch: 0))) }
    }
  }

  /// Finishes runs; the results are in the order of the leases. Repeating it with the same epoch is a success.
  ///
  /// - Parameter ended: gets the order keys of the runs that were finished.
  /// - Returns: `nil`, or why not: `.staleLease`, `.notFound(.run)`.
  func complete(_ leases: [RunLease], ended: inout Set<RunOrder>) throws(PostgresError) -> [StoreError?] {
    // In one order everywhere, so that two replicas never wait for each other.
    let sorted = leases.sorted { ($0.workspace, $0.run, $0.epoch) < ($1.workspace, $1.run, $1.epoch) }
    let result = try query(
      Statements.completeRuns,
      [.ids(sorted.map(\.workspace)), .ids(sorted.map(\.run)), .int64s(sorted.map(\.epoch))])
    var completed: Set<RunLease> = []
    for index in 0..<result.count {
      var row = result[index]
      let lease = RunLease(workspace: try row.id(), run: try row.id(), epoch: try row.int64())
      completed.insert(lease)
      let trigger = try row.id()
      if let key = try row.optionalBytes() {
        ended.insert(RunOrder(workspace: lease.workspace, trigger: trigger, key: key))
      }
    }
    let open = leases.filter { !completed.contains($0) }
    guard !open.isEmpty else { return leases.map { _ in nil } }
    let states = try leaseStates(of: open)
    return leases.map { lease in
      if completed.contains(lease) { return nil }
      guard let state = states[RunName(lease)] else { return .notFound(.run) }
      return state.epoch == lease.epoch && state.progress == .completed ? nil : .staleLease
    }
  }

  /// Makes the next run of each key available. Returns the workspaces that have some now.
  func wake(after ended: Set<RunOrder>) throws(PostgresError) -> Set<UniqueID> {
    guard !ended.isEmpty else { return [] }
    let orders = ended.sorted { ($0.workspace, $0.trigger) < ($1.workspace, $1.trigger) }
    let result = try query(
      Statements.wakeRuns,
      [.ids(orders.map(\.workspace)), .ids(orders.map(\.trigger)), .byteStrings(orders.map(\.key))])
    return try workspaces(result)
  }

  /// Makes runs available whose turn it is although nobody said so.
  func wakeStranded() throws(PostgresError) -> Set<UniqueID> { try workspaces(try query(Statements.wakeStrandedRuns)) }

  private func workspaces(_ result: PostgresResult) throws(PostgresError) -> Set<UniqueID> {
    var workspaces: Set<UniqueID> = []
    for index in 0..<result.count {
      var row = result[index]
      workspaces.insert(try row.id())
    }
    return workspaces
  }

  struct LeaseState {
    var progress: RunProgress
    var epoch: Int64
    var availableAt: UnixTime
  }

  struct RunName: Hashable {
    var workspace: UniqueID
    var run: UniqueID

    init(_ lease: RunLease) { (workspace, run) = (lease.workspace, lease.run) }
  }

  /// The present state of runs; without those that are not there.
  func leaseStates(of leases: [RunLease]) throws(PostgresError) -> [RunName: LeaseState] {
    let result = try query(Statements.runLeases, [.ids(leases.map(\.workspace)), .ids(leases.map(\.run))])
    var states: [RunName: LeaseState] = [:]
    for index in 0..<result.count {
      var row = result[index]
      let name = RunName(RunLease(workspace: try row.id(), run: try row.id(), epoch: 0))
      states[name] = LeaseState(progress: try row.progress(), epoch: try row.int64(), availableAt: try row.time())
    }
    return states
  }

  /// Before anything that is stored.
  private static var longAgo: UnixTime { UnixTime(microseconds: 0) }
}

extension RunRow {
  /// What it is worked on one after the other for; `nil`: it has no order.
  var order: RunOrder? { orderKey.map { RunOrder(workspace: workspace, trigger: trigger, key: $0) } }
}

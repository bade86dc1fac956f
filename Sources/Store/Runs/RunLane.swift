import Identifiers
import Logging
import Postgres

/// The thread of the group commit of runs with its connection.
struct RunLane: ~Copyable {
  private let writer: RunWriter
  private var session: PostgresSession?
  private var floors = LeaseFloors()
  private var lastSweep = ContinuousClock.now

  init(writer: RunWriter) { self.writer = writer }

  /// Works until the writer ends.
  mutating func run() {
    // The first call is not to wait for the first connection.
    _ = try? connected()
    while true {
      switch writer.nextWork(sweepIn: writer.limits.sweepInterval) {
      case .batch(let batch): commit(batch)
      case .sweep: break
      case .end:
        session = nil
        return writer.laneEnded()
      }
      if ContinuousClock.now - lastSweep >= writer.limits.sweepInterval { sweep() }
    }
  }

  /// How often a batch is tried that failed without effect.
  private static let attempts = 3

  private mutating func commit(_ batch: RunBatch) {
    var batch = batch
    for attempt in 1...Self.attempts {
      do throws(PostgresError) {
        let done = try perform(batch)
        // Counted first, so that whoever has been answered finds it counted.
        writer.committed(
          completed: done.completed.count { $0 == nil }, leased: done.leased.reduce(0) { $0 + $1.count })
        for (call, error) in zip(batch.completions, done.completed) {
          call.complete(error.map { .failure($0) } ?? .success(()))
        }
        for (call, runs) in zip(batch.wishes, done.leased) { call.complete(.success(runs)) }
        return writer.woke(done.woken)
      } catch {
        if error.isConnectionLost { disconnect() }
        if attempt == 1 { writer.logger.warning("runs cannot be leased or finished", metadata: ["error": "\(error)"]) }
        // A lease that may have been committed cannot be told from a new one; a completion is the same twice.
        if error.isInDoubt {
          for call in batch.wishes { call.complete(.failure(StoreError(error))) }
          batch.wishes = []
        }
        let mayHelp = error.isInDoubt || error.isRetryable && error.kind != .connectionFailed
        if !mayHelp || attempt == Self.attempts { return batch.fail(StoreError(error)) }
      }
    }
  }

  private struct Done {
    var completed: [StoreError?] = []
    var leased: [[RunRow]] = []
    var woken: Set<UniqueID> = []
  }

  private mutating func perform(_ batch: RunBatch) throws(PostgresError) -> Done {
    let session = try connected()
    let now = ContinuousClock.now
    var floors = floors
    let done = try session.atomically { () throws(PostgresError) in
      var done = Done()
      if !batch.completions.isEmpty {
        var ended: Set<RunOrder> = []
        done.completed = try session.complete(batch.completions.map(\.request), ended: &ended)
        done.woken = try session.wake(after: ended)
      }
      done.leased = batch.wishes.map { _ in [] }
      var ended: Set<RunOrder> = []
      for (line, indices) in Dictionary(grouping: batch.wishes.indices, by: { LeaseFloors.Line(batch.wishes[$0].request) }) {
        let wishes = indices.map { batch.wishes[$0].request }
        // What this transaction woke is available as of its own time, so it is found from any floor.
        let leased = try session.lease(wishes, above: &floors, line, now)
        for (index, runs) in zip(indices, leased.runs) { done.leased[index] = runs }
        ended.formUnion(leased.ended)
      }
      done.woken.formUnion(try session.wake(after: ended))
      try session.giveBack(overtakenOf: &done.leased)
      return done
    }
    self.floors = floors
    return done
  }

  private mutating func sweep() {
    lastSweep = .now
    do throws(PostgresError) {
      let woken = try connected().wakeStranded()
      if !woken.isEmpty { writer.logger.warning("runs were left behind by their order, and are available now") }
      writer.woke(woken)
    } catch {
      if error.isConnectionLost { disconnect() }
    }
  }

  private mutating func connected() throws(PostgresError) -> PostgresSession {
    if let session, session.isUsable { return session }
    disconnect()
    let session = try PostgresSession.connect(writer.configuration)
    try session.planByKeys()
    self.session = session
    writer.lane(isConnected: true)
    return session
  }

  private mutating func disconnect() {
    session = nil
    floors = LeaseFloors()
    writer.lane(isConnected: false)
  }
}

/// From where on the index of waiting runs is read. What lies before has been leased; until vacuum has come by, reading starts
/// with what is left of it.
struct LeaseFloors {
  /// Those whose wishes are answered by one statement.
  struct Line: Hashable {
    let workspace: UniqueID
    let flow: UniqueID?

    init(_ wish: RunWish) { (workspace, flow) = (wish.workspace, wish.flow) }
  }

  private struct Floor {
    var time: UnixTime
    /// When everything was last looked at.
    var wholeAt: ContinuousClock.Instant
  }

  /// How long what became available out of its turn, such as by a transaction that took long, may wait behind the others.
  private static let wholeInterval = Duration.seconds(1)
  /// How far before the last run found reading starts: transactions that began before it may have been committed since.
  private static let margin = Duration.milliseconds(200)
  /// Lines that are remembered.
  private static let limit = 1024

  private var floors: [Line: Floor] = [:]

  /// From when on runs are looked for; `nil`: all.
  mutating func start(_ line: Line, _ now: ContinuousClock.Instant) -> UnixTime? {
    guard let floor = floors[line], now - floor.wholeAt < Self.wholeInterval else { return nil }
    return floor.time
  }

  /// Notes how far a look came.
  mutating func note(_ line: Line, reachedUntil time: UnixTime?, wasWhole: Bool, _ now: ContinuousClock.Instant) {
    if floors.count > Self.limit { floors = [:] }
    guard let time else {
      floors[line] = nil
      return
    }
    let wholeAt = wasWhole ? now : floors[line]?.wholeAt ?? now
    floors[line] = Floor(time: time - Self.margin, wholeAt: wholeAt)
  }
}

extension PostgresSession {
  /// Leases from the floor on; if that is not enough, from the beginning.
  fileprivate func lease(
    _ wishes: [RunWish], above floors: inout LeaseFloors, _ line: LeaseFloors.Line, _ now: ContinuousClock.Instant
  ) throws(PostgresError) -> LeasedRuns {
    guard let floor = floors.start(line, now) else {
      let leased = try lease(wishes)
      floors.note(line, reachedUntil: leased.reachedUntil, wasWhole: true, now)
      return leased
    }
    let leased = try lease(wishes, since: floor)
    floors.note(line, reachedUntil: leased.reachedUntil, wasWhole: false, now)
    // With something found its caller asks again soon enough; with nothing it goes to sleep, and must have seen everything.
    guard leased.runs.allSatisfy(\.isEmpty) else { return leased }
    let whole = try lease(wishes)
    floors.note(line, reachedUntil: whole.reachedUntil, wasWhole: true, now)
    return LeasedRuns(
      runs: whole.runs, ended: leased.ended.union(whole.ended), reachedUntil: whole.reachedUntil, putAside: whole.putAside)
  }
}

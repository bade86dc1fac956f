import Identifiers
import Postgres
import Store
import TestSupport

/// A workspace with one published flow of one trigger.
struct Fixture {
  var workspace: UniqueID
  var flow: FlowRow
  var trigger: UniqueID
  var key: String

  static func make(
    _ store: Store, workspace name: String = "acme", flow: String = "orders", node: String = "hook"
  ) async throws -> Fixture {
    let workspace = try await store.ensureWorkspace(named: name)
    let trigger = NewTrigger(id: .random(), node: node, key: TriggerKey.generate())
    let change = FlowChange(
      workspace: workspace.id, flow: .random(), name: flow, draft: Array(#"{"flow":"x","n":1.0}"#.utf8), expectedRevision: 0,
      createdTriggers: [trigger], publishedBy: "tests")
    return Fixture(workspace: workspace.id, flow: try await store.apply(change), trigger: trigger.id, key: trigger.key)
  }

  private static let identifiers = RequestIDGenerator()

  /// An identifier of a request received now, or so long ago.
  static func requestID(ago: Duration = .zero) -> UniqueID {
    // One generator never goes back in time.
    let identifiers = ago == .zero ? identifiers : RequestIDGenerator()
    return identifiers.next(unixMilliseconds: (UnixTime.now() - ago).microseconds / 1000)
  }

  /// An accepted request with one run.
  func entry(
    id: UniqueID = requestID(), trigger: UniqueID? = nil, outcome: Int16 = 1, status: Int16 = 200, event: String = "paid",
    body: [UInt8] = Array(#"{"event":"paid"}"#.utf8), address: [UInt8] = [203, 0, 113, 7], withRun: Bool = true,
    maxAttempts: Int16 = 3, patience: Duration = .seconds(30)
  ) -> IngestEntry {
    let request = RequestRow(
      workspace: workspace, id: id, trigger: trigger ?? self.trigger, flowVersion: 1,
      receivedAt: UnixTime(microseconds: id.unixMilliseconds * 1000 + 123), method: Array("POST".utf8), path: Array("/a".utf8),
      query: [0xff, 0x00], headers: [1, 2, 3], body: body, bodyLength: Int32(body.count), clientAddress: address,
      origin: Array("https://shop.example.com".utf8), outcome: outcome, cause: 0, status: status, event: Array(event.utf8),
      output: "approved", explanation: [9, 8], processingMicroseconds: 456)
    let run = NewRun(
      id: runID(of: id), flow: flow.id, flowVersion: 1, trigger: self.trigger, node: "hook", output: "approved",
      entryNode: "welcome", variables: Array(#"{"amount": 12345678901234567890.10}"#.utf8), event: Array(event.utf8),
      maxAttempts: maxAttempts)
    return IngestEntry(request: request, runs: withRun ? [run] : [], deadline: .now + patience)
  }

  /// An accepted request with one part, and one run, for each delivery id that it claims.
  func entry(claiming deliveries: [String], window: Duration = .seconds(3600)) -> IngestEntry {
    var entry = entry()
    guard let run = entry.runs.first else { return entry }
    entry.parts = deliveries.enumerated().map { index, delivery in
      var run = run
      run.id = UniqueID(high: run.id.high, low: run.id.low ^ UInt64(index) << 8)
      run.element = Int16(index)
      return IngestPart(
        run: run, claim: DeliveryClaim(trigger: trigger, deliveryID: Array(delivery.utf8), window: window))
    }
    return entry
  }

  /// As the control plane derives it, but for the hash.
  func runID(of request: UniqueID) -> UniqueID {
    UniqueID(high: request.high & ~0xffff | 0x8000 | (trigger.high & 0xfff), low: (request.low ^ trigger.low) | 1 << 63)
  }
}

extension IngestWriter {
  /// Records an entry and waits for its result.
  func submit(_ entry: IngestEntry) async -> Result<IngestResult, IngestFailure> {
    await withCheckedContinuation { continuation in submit(entry) { continuation.resume(returning: $0) } }
  }

  /// Submits all at once and waits for all.
  func submitAll(_ entries: [IngestEntry]) async -> [Result<IngestResult, IngestFailure>] {
    await withTaskGroup(of: (Int, Result<IngestResult, IngestFailure>).self) { group in
      for (index, entry) in entries.enumerated() { group.addTask { (index, await self.submit(entry)) } }
      var results = [Result<IngestResult, IngestFailure>?](repeating: nil, count: entries.count)
      for await (index, result) in group { results[index] = result }
      return results.compactMap { $0 }
    }
  }
}

/// A store and a writer on a database of their own.
func withWriter(
  on server: PostgresServer? = nil, limits: IngestLimits = IngestLimits(),
  configure: @Sendable (inout PostgresConfiguration) -> Void = { _ in },
  _ body: (Store, IngestWriter, Fixture, PostgresDatabase) async throws -> Void
) async throws {
  try await withDatabase(on: server) { database in
    try await withStore(on: database) { store in
      let fixture = try await Fixture.make(store)
      var configuration = database.configuration
      configure(&configuration)
      let writer = IngestWriter(configuration, limits: limits, logger: .silent)
      writer.start()
      try await body(store, writer, fixture, database)
      await writer.shutDown(within: .seconds(5))
    }
  }
}

/// Runs a script beside the store.
func administer(_ database: PostgresDatabase, _ script: String) async throws {
  try await onThread { try PostgresSession.connect(database.configuration).run(script: script) }
}

/// The number that a query gives.
func number(_ database: PostgresDatabase, _ sql: String) async throws -> Int64 {
  try await onThread {
    let session = try PostgresSession.connect(database.configuration)
    var row = try session.query(PostgresStatement("number", "SELECT (\(sql))::int8"))[0]
    return try row.int64()
  }
}

/// A writer, not started yet, whose connections go through a proxy.
func withProxiedWriter(
  _ body: (PostgresProxy, IngestWriter, Fixture, PostgresDatabase) async throws -> Void
) async throws {
  let server = try await PostgresServer.shared()
  try await withDatabase(on: server) { database in
    try await withStore(on: database) { store in
      let fixture = try await Fixture.make(store)
      let proxy = try PostgresProxy(to: server.port)
      defer { proxy.close() }
      var configuration = database.configuration
      configuration.connectionString = server.tcpConnectionString(database: database.name, port: proxy.port)
      let writer = IngestWriter(configuration, logger: .silent)
      try await body(proxy, writer, fixture, database)
      await writer.shutDown(within: .seconds(5))
    }
  }
}

/// Runs a script in a transaction of its own, and ends it once what is begun meanwhile waits for a lock.
func overtake(
  _ database: PostgresDatabase, with script: String, end: String = "COMMIT", _ begin: @escaping @Sendable () -> Void
) async throws {
  try await onThread {
    let faster = try PostgresSession.connect(database.configuration)
    let watcher = try PostgresSession.connect(database.configuration)
    try faster.run(script: "BEGIN; \(script)")
    begin()
    try watcher.untilSomebodyWaits()
    try faster.run(script: end)
  }
}

extension PostgresSession {
  /// Returns when a session of this database waits for a lock.
  func untilSomebodyWaits() throws {
    let waiting = PostgresStatement(
      "waiting", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    let deadline = ContinuousClock.now + .seconds(30)
    while try query(waiting).first({ try $0.int64() }) == 0 {
      guard ContinuousClock.now < deadline else { throw PostgresError(.misuse, "nobody waits for a lock") }
    }
  }
}

import Testing
import TestSupport

@testable import Postgres

@Suite struct PoolTests {
  private static let one = PostgresStatement("one", "SELECT 1")

  @Test func withoutAServerCallersAreRefusedInTime() async throws {
    let port = try PostgresProxyPort.unused()
    let configuration = PostgresConfiguration(
      connectionString: "host=127.0.0.1 port=\(port)", backoff: Backoff(longest: .milliseconds(50)))
    let pool = PostgresPool(configuration, connections: 2, waitTimeout: .milliseconds(100), logger: .silent)
    pool.start()
    let waiting = await #expect(throws: PostgresError.self) { try await pool.waitUntilConnected(for: .milliseconds(100)) }
    #expect(waiting?.kind == .connectionFailed)
    let refused = await #expect(throws: PostgresError.self) { try await pool.withSession { try $0.query(Self.one).count } }
    #expect(refused?.kind == .poolExhausted)
    #expect(pool.status.connected == 0)
    #expect(pool.status.lastFailure?.kind == .connectionFailed)
    await pool.shutDown()
    let shut = await #expect(throws: PostgresError.self) { try await pool.withSession { try $0.query(Self.one).count } }
    #expect(shut?.kind == .shutDown)
  }

  @Test func aServerThatIsNotDurableIsKnownAtOnce() async throws {
    try await withDatabase(migrated: false) { database in
      let session = try PostgresSession.connect(database.configuration)
      try session.run(script: "ALTER DATABASE \(database.name) SET synchronous_commit = off")
      let pool = PostgresPool(database.configuration, connections: 1, logger: .silent)
      pool.start()
      let error = await #expect(throws: PostgresError.self) { try await pool.waitUntilConnected(for: .seconds(30)) }
      #expect(error?.kind == .notDurable)
      await pool.shutDown()
    }
  }

  @Test func moreCallersThanConnectionsTakeTurns() async throws {
    try await withPool(connections: 2) { pool in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<200 { group.addTask { try await pool.withSession { try $0.query(Self.one).count } } }
        var sum = 0
        for try await count in group { sum += count }
        #expect(sum == 200)
      }
      #expect(pool.status.waiting == 0)
    }
  }

  @Test func whoIsCancelledWhileWaitingGoesAndTheConnectionStays() async throws {
    try await withPool(connections: 1) { pool in
      let begun = AsyncStream.makeStream(of: Void.self)
      let hold = Monitor(false)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await pool.withSession { _ in
            begun.continuation.finish()
            _ = hold.wait(for: .seconds(30)) { $0 ? true : nil }
          }
        }
        for await _ in begun.stream {}
        let waiter = Task { try await pool.withSession { try $0.query(Self.one).count } }
        while pool.status.waiting == 0 { await Task.yield() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        hold.withLock { $0 = true }
        hold.broadcast()
        try await group.waitForAll()
      }
      let value1 = try await pool.withSession { try $0.query(Self.one).count }
      #expect(value1 == 1)
    }
  }

  @Test func anErrorOfTheServerLeavesTheConnectionUsable() async throws {
    try await withPool(connections: 1) { pool in
      let error = await #expect(throws: PostgresError.self) { try await pool.withSession { try $0.run(script: "SELEC 1") } }
      #expect(error?.sqlState == "42601")
      #expect(pool.status.connected == 1)
      let value2 = try await pool.withSession { try $0.query(Self.one).count }
      #expect(value2 == 1)
    }
  }

  @Test(arguments: [PostgresServer.Stop.immediate, nil])
  func aRestartOfTheServerIsSurvived(stop: PostgresServer.Stop?) async throws {
    let server = try await PostgresServer.make()
    let configuration = PostgresConfiguration(
      connectionString: server.connectionString(), backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(100)))
    let pool = PostgresPool(configuration, connections: 3, waitTimeout: .seconds(10), logger: .silent)
    pool.start()
    try await pool.waitUntilConnected(for: .seconds(10))
    for _ in 0..<3 {
      if let stop { try await server.stop(stop) } else { try server.killPostmaster() }
      await #expect(throws: PostgresError.self) {
        // Killed, the server's processes need a moment to notice.
        while true { _ = try await pool.withSession { try $0.query(Self.one).count } }
      }
      try await server.start()
      let start = ContinuousClock.now
      while (try? await pool.withSession { try $0.query(Self.one).count }) != 1 {}
      #expect(ContinuousClock.now - start < .seconds(2))
    }
    await pool.shutDown()
    try await server.stop(.immediate)
  }

  private func withPool(connections: Int, _ body: (PostgresPool) async throws -> Void) async throws {
    try await withDatabase(migrated: false) { database in
      let pool = PostgresPool(database.configuration, connections: connections, logger: .silent)
      pool.start()
      try await pool.waitUntilConnected(for: .seconds(10))
      try await body(pool)
      await pool.shutDown()
    }
  }
}

@Suite struct ListenerTests {
  @Test func whatIsPublishedIsHeardOnceByEveryone() async throws {
    try await withDatabase(migrated: false) { database in
      let (first, heardFirst) = Self.listener(database.configuration)
      let (second, heardSecond) = Self.listener(database.configuration)
      first.start()
      second.start()
      var firstEvents = heardFirst.makeAsyncIterator()
      var secondEvents = heardSecond.makeAsyncIterator()
      #expect(await firstEvents.next() == .mayHaveMissed)
      #expect(await secondEvents.next() == .mayHaveMissed)
      for _ in 0..<1000 { first.publish(PostgresNotification(channel: "news", payload: "a")) }
      first.publish(PostgresNotification(channel: "news", payload: "b"))
      for event in ["a", "b"] {
        var heard = await firstEvents.next()
        // Some of the thousand may go out before the others come in.
        while event == "b", heard == .notification(PostgresNotification(channel: "news", payload: "a")) {
          heard = await firstEvents.next()
        }
        #expect(heard == .notification(PostgresNotification(channel: "news", payload: event)))
      }
      #expect(await secondEvents.next() == .notification(PostgresNotification(channel: "news", payload: "a")))
      await first.shutDown()
      await second.shutDown()
      #expect(!first.isConnected)
    }
  }

  @Test func aBrokenConnectionIsReplacedAndTold() async throws {
    try await withDatabase(migrated: false) { database in
      let (listener, heard) = Self.listener(database.configuration)
      listener.start()
      var events = heard.makeAsyncIterator()
      #expect(await events.next() == .mayHaveMissed)
      let session = try PostgresSession.connect(database.configuration)
      for _ in 0..<3 {
        try session.run(
          script:
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")
        #expect(await events.next() == .mayHaveMissed)
        #expect(listener.isConnected)
      }
      try session.run(script: "NOTIFY news, 'still here'")
      #expect(await events.next() == .notification(PostgresNotification(channel: "news", payload: "still here")))
      await listener.shutDown()
    }
  }

  @Test func shutDownEndsAListenerThatNeverConnected() async throws {
    let port = try PostgresProxyPort.unused()
    let (listener, _) = Self.listener(PostgresConfiguration(connectionString: "host=127.0.0.1 port=\(port)"))
    listener.start()
    await listener.shutDown()
    #expect(!listener.isConnected)
  }

  private static func listener(
    _ configuration: PostgresConfiguration
  ) -> (PostgresListener, AsyncStream<PostgresListenerEvent>) {
    let (stream, continuation) = AsyncStream.makeStream(of: PostgresListenerEvent.self)
    let listener = PostgresListener(
      configuration, channels: ["news"], publishInterval: .milliseconds(5), logger: .silent
    ) { continuation.yield($0) }
    return (listener, stream)
  }
}

import Testing
import TestSupport

@testable import Postgres

/// One statement on a connection of its own.
private func perform<Value: Sendable>(
  _ database: PostgresDatabase, _ configure: (inout PostgresConfiguration) -> Void = { _ in },
  _ body: @Sendable (PostgresSession) throws -> Value
) async throws -> Value {
  var configuration = database.configuration
  configure(&configuration)
  let connection = PostgresConnection(configuration, threadName: "test", logger: .silent)
  let outcome = await connection.perform(body)
  await connection.close()
  return try outcome.result.get()
}

/// The PostgresError that a body throws.
private func failure(_ body: () async throws -> Void) async throws -> PostgresError {
  let error = await #expect(throws: PostgresError.self) { try await body() }
  return try #require(error)
}

@Suite struct SessionErrorTests {
  private let canary = "canary-5d1f"

  @Test func anErrorNeverCarriesValues() async throws {
    try await withDatabase(migrated: false) { database in
      let scripts: [(String, String)] = [
        ("INSERT INTO t VALUES ('\(canary)', 1)", "23505"), ("INSERT INTO t VALUES (NULL, 1)", "23502"),
        ("INSERT INTO t VALUES ('\(canary)2', -7)", "23514"), ("SELECT '\(canary)'::int4", "22P02"),
        ("SELECT '\(canary)'::timestamptz", "22007"), ("SELECT ('{\"a\":\(canary)}')::json", "22P02"),
      ]
      for (script, sqlState) in scripts {
        let error = try await failure {
          try await perform(database) { session in
            try session.run(
              script: "CREATE TABLE t (name text PRIMARY KEY, n int4 CHECK (n > 0)); INSERT INTO t VALUES ('\(canary)', 1)")
            defer { try? session.run(script: "DROP TABLE t") }
            try session.run(script: script)
          }
        }
        #expect(error.sqlState == sqlState)
        #expect(!"\(error) \(String(reflecting: error))".contains(canary))
      }
    }
  }

  @Test func theConstraintIsNamed() async throws {
    try await withDatabase(migrated: false) { database in
      let error = try await failure {
        try await perform(database) { session in
          try session.run(script: "CREATE TABLE t (n int4 CONSTRAINT only_once UNIQUE); INSERT INTO t VALUES (1), (1)")
        }
      }
      #expect(error.isUniqueViolation)
      #expect(error.constraint == "only_once")
      #expect(error.table == "t")
      #expect(!error.isRetryable && !error.isConnectionLost && !error.isInDoubt)
    }
  }

  @Test func nobodyListens() async throws {
    let port = try PostgresProxyPort.unused()
    let error = #expect(throws: PostgresError.self) {
      try PostgresSession.connect(
        PostgresConfiguration(connectionString: "host=127.0.0.1 port=\(port) user=x password=hush-hush"))
    }
    #expect(error?.kind == .connectionFailed)
    #expect(error?.isRetryable == true)
    #expect(error?.isInDoubt == false)
    #expect(error.map { "\($0)".contains("hush-hush") } == false)
  }

  @Test func aConnectionStringThatIsNone() async throws {
    let error = #expect(throws: PostgresError.self) {
      try PostgresSession.connect(PostgresConfiguration(connectionString: "port=hush-hush nonsense"))
    }
    #expect(error?.kind == .connectionFailed)
  }

  @Test func theSecondHostIsTried() async throws {
    let server = try await PostgresServer.shared()
    try await withDatabase(migrated: false, on: server) { database in
      let port = try PostgresProxyPort.unused()
      let both = "host=127.0.0.1,127.0.0.1 port=\(port),\(server.port) user=postgres dbname=\(database.name)"
      let session = try PostgresSession.connect(PostgresConfiguration(connectionString: both))
      #expect(session.isUsable)
    }
  }

  @Test func aStatementThatTakesTooLongIsEndedByTheServer() async throws {
    try await withDatabase(migrated: false) { database in
      let error = try await failure {
        try await perform(database, { $0.statementTimeout = .milliseconds(50) }) { session in
          try session.run(script: "SELECT pg_sleep(30)")
        }
      }
      #expect(error.sqlState == "57014")
      #expect(error.isRetryable && !error.isConnectionLost)
    }
  }

  @Test func aServerThatDoesNotAnswerCostsTheConnection() async throws {
    try await withDatabase(migrated: false) { database in
      let (error, isUsable) = try await perform(database, { $0.answerTimeout = .milliseconds(200) }) { session in
        let error = #expect(throws: PostgresError.self) { try session.run(script: "SELECT pg_sleep(30)") }
        return (error, session.isUsable)
      }
      #expect(error?.kind == .connectionLost)
      #expect(error?.isInDoubt == true)
      #expect(!isUsable)
    }
  }

  @Test func aKilledBackendIsNoticedBeforeTheNextStatement() async throws {
    try await withDatabase(migrated: false) { database in
      let connection = PostgresConnection(database.configuration, threadName: "test", logger: .silent)
      let backend = PostgresStatement("backend", "SELECT pg_backend_pid()")
      let pid = try await connection.perform { session in try session.query(backend)[0].first() }.result.get()
      try await perform(database) { session in
        _ = try session.query(PostgresStatement("kill", "SELECT pg_terminate_backend($1::int4, 5000)"), [.int32(pid)])
      }
      // One attempt to connect again is made without telling the caller.
      let second = try await connection.perform { session in try session.query(backend)[0].first() }.result.get()
      #expect(second != pid)
      await connection.close()
      let closed = await connection.perform { _ in 1 }
      #expect(throws: PostgresError.self) { try closed.result.get() }
    }
  }

  @Test func aStatementThatItsOwnBackendsEndInterruptsIsInDoubt() async throws {
    try await withDatabase(migrated: false) { database in
      let error = try await failure {
        try await perform(database) { session in try session.run(script: "SELECT pg_terminate_backend(pg_backend_pid())") }
      }
      #expect(error.isConnectionLost)
      #expect(error.isInDoubt)
      #expect(error.isRetryable)
    }
  }

  @Test func aWrongTypeIsMisuseAndNotATrap() async throws {
    try await withDatabase(migrated: false) { database in
      let statement = PostgresStatement("one", "SELECT 1::int4, NULL::text")
      let errors = try await perform(database) { session in
        let result = try session.query(statement)
        return [
          #expect(throws: PostgresError.self) {
            var row = result[0]; _ = try row.int64()
          },
          #expect(throws: PostgresError.self) {
            var row = result[0]; _ = try row.int32(); _ = try row.text()
          },
          #expect(throws: PostgresError.self) {
            var row = result[0]; _ = try row.int32(); _ = try row.optionalBytes(); _ = try row.int32()
          },
        ]
      }
      for error in errors { #expect(error?.kind == .misuse) }
    }
  }
}

@Suite struct DurabilityTests {
  @Test func aServerWithoutFsyncIsRefused() async throws {
    let server = try await PostgresServer.make(settings: ["fsync=off"])
    var configuration = PostgresConfiguration(connectionString: server.connectionString())
    let error = #expect(throws: PostgresError.self) { try PostgresSession.connect(configuration) }
    #expect(error?.kind == .notDurable)
    #expect(error?.isRetryable == false)
    #expect(error?.message.contains("fsync") == true)
    configuration.durability = .ignore
    let session = try PostgresSession.connect(configuration)
    #expect(session.undurableSettings == ["fsync"])
    #expect(!session.server.isDurable)
    try await server.stop(.immediate)
  }

  @Test(arguments: [("off", false), ("local", true), ("remote_write", true), ("on", true), ("remote_apply", true)])
  func synchronousCommitMustWaitForTheDisk(value: String, isAccepted: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        try session.run(script: "ALTER DATABASE \(database.name) SET synchronous_commit = \(value)")
      }
      if isAccepted {
        #expect(try PostgresSession.connect(database.configuration).server.isDurable)
      } else {
        let error = #expect(throws: PostgresError.self) { try PostgresSession.connect(database.configuration) }
        #expect(error?.kind == .notDurable)
      }
    }
  }
}

@Suite struct TransactionTests {
  private static let insert = PostgresStatement("insert", "INSERT INTO t VALUES ($1::int4)")
  private static let count = PostgresStatement("count", "SELECT count(*) FROM t")

  @Test func whatThrowsIsRolledBackAndTheSessionGoesOn() async throws {
    struct Refusal: Error {}
    try await withDatabase(migrated: false) { database in
      let count = try await perform(database) { session in
        try session.run(script: "CREATE TABLE t (n int4)")
        #expect(throws: Refusal.self) {
          try session.transaction {
            try session.query(Self.insert, [.int32(1)])
            throw Refusal()
          }
        }
        #expect(throws: PostgresError.self) { try session.transaction { try session.transaction {} } }
        _ = try session.transaction { try session.query(Self.insert, [.int32(2)]) }
        return try session.query(Self.count)[0].bigint()
      }
      #expect(count == 1)
    }
  }

  /// The server commits; the answer is lost on the way.
  @Test func aLostAnswerToCommitIsInDoubt() async throws {
    try await withProxiedTable { proxy, database, configuration in
      proxy.cutNext(.answer(to: .commit))
      let error = try await failure { try await Self.insertInTransaction(configuration) }
      #expect(error.kind == .connectionLost)
      #expect(error.isInDoubt)
      let value1 = try await perform(database) { try $0.query(Self.count)[0].bigint() }
      #expect(value1 == 1)
    }
  }

  /// COMMIT never arrives: nobody on this side can tell the difference.
  @Test func aLostCommitIsInDoubtToo() async throws {
    try await withProxiedTable { proxy, database, configuration in
      proxy.cutNext(.request(.commit))
      let error = try await failure { try await Self.insertInTransaction(configuration) }
      #expect(error.isInDoubt)
      let value2 = try await perform(database) { try $0.query(Self.count)[0].bigint() }
      #expect(value2 == 0)
    }
  }

  @Test func whatBreaksBeforeCommitIsNotInDoubt() async throws {
    try await withProxiedTable { proxy, database, configuration in
      proxy.cutNext(.answer(to: PostgresProxy.Message("P", containing: "INSERT INTO t")))
      let error = try await failure { try await Self.insertInTransaction(configuration) }
      #expect(error.kind == .connectionLost)
      #expect(!error.isInDoubt)
      let value3 = try await perform(database) { try $0.query(Self.count)[0].bigint() }
      #expect(value3 == 0)
    }
  }

  private static func insertInTransaction(_ configuration: PostgresConfiguration) async throws {
    let connection = PostgresConnection(configuration, threadName: "test", logger: .silent)
    let outcome = await connection.perform { session in
      try session.transaction { _ = try session.query(insert, [.int32(1)]) }
    }
    await connection.close()
    #expect(!outcome.isUsable)
    try outcome.result.get()
  }

  private func withProxiedTable(
    _ body: (PostgresProxy, PostgresDatabase, PostgresConfiguration) async throws -> Void
  ) async throws {
    let server = try await PostgresServer.shared()
    try await withDatabase(migrated: false, on: server) { database in
      try await perform(database) { session in try session.run(script: "CREATE TABLE t (n int4)") }
      let proxy = try PostgresProxy(to: server.port)
      defer { proxy.close() }
      var configuration = database.configuration
      configuration.connectionString = server.tcpConnectionString(database: database.name, port: proxy.port)
      try await body(proxy, database, configuration)
    }
  }
}

@Suite struct PipelineTests {
  private static let insert = PostgresStatement("insert", "INSERT INTO t SELECT unnest($1::int4[])")
  private static let count = PostgresStatement("count", "SELECT count(*) FROM t")
  private static let copy = ["COPY t FROM STDIN (FORMAT binary)"]

  private func withTable(_ body: @escaping @Sendable (PostgresSession) throws -> Void) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        try session.run(script: "CREATE TABLE t (n int4 PRIMARY KEY)")
        try body(session)
      }
    }
  }

  private static func put(_ value: Int32, _ session: PostgresSession, committing: Bool) throws {
    try session.copy(copy, committing: committing) { (_, put) throws(PostgresError) in
      var rows = CopyBuffer()
      rows.beginRow(fields: 1)
      rows.append(value)
      try put(rows)
    }
  }

  @Test func theFirstErrorEndsItAndNothingOfItStays() async throws {
    try await withTable { session in
      let calls = [
        PostgresCall(Self.insert, [.int32s([1, 2])]), PostgresCall(Self.insert, [.int32s([2])]),
        PostgresCall(Self.insert, [.int32s([3])]), PostgresCall(Self.count),
      ]
      let error = #expect(throws: PostgresError.self) { try session.query(calls) }
      #expect(error?.isUniqueViolation == true && error?.isInDoubt == false)
      #expect(session.isUsable && !session.isInTransaction)
      let count = try session.query(Self.count)[0].bigint()
      #expect(count == 0)
    }
  }

  @Test func aTransactionThatItBeganOutlivesTheErrorUntilItIsRolledBack() async throws {
    try await withTable { session in
      let calls = [PostgresCall(Self.insert, [.int32s([1])]), PostgresCall(Self.insert, [.int32s([1])])]
      #expect(throws: PostgresError.self) { try session.query(calls, beginning: true) }
      #expect(session.isInTransaction)
      #expect(throws: PostgresError.self) { try session.query(Self.count) }
      session.rollBack()
      #expect(!session.isInTransaction)
      let count = try session.query(Self.count)[0].bigint()
      #expect(count == 0)
    }
  }

  @Test func whatCannotBeIsMisuse() async throws {
    try await withTable { session in
      #expect(throws: PostgresError.self) { try Self.put(1, session, committing: true) }
      _ = try session.query([], beginning: true)
      let error = #expect(throws: PostgresError.self) { try session.query([PostgresCall(Self.count)], beginning: true) }
      #expect(error?.kind == .misuse)
      session.rollBack()
      // Without effect.
      session.rollBack()
      let none = try session.query([])
      #expect(none.isEmpty)
    }
  }

  /// Each statement sees what those before it did.
  @Test func aTransactionIsBegunAndCommittedAlongTheWay() async throws {
    try await withTable { session in
      let calls = [
        PostgresCall(Self.insert, [.int32s([1, 2])]), PostgresCall(Self.count), PostgresCall(Self.insert, [.int32s([3])]),
      ]
      let results = try session.query(calls, beginning: true)
      #expect(results.map(\.affectedCount) == [2, 1, 1])
      let seen = try results[1][0].bigint()
      #expect(seen == 2)
      try Self.put(4, session, committing: true)
      #expect(!session.isInTransaction)
      session.rollBack()
      let count = try session.query(Self.count)[0].bigint()
      #expect(count == 4)
    }
  }

  /// A COPY that fails takes its transaction along, COMMIT or not.
  @Test func whatFailsBesideItsCommitIsNotCommitted() async throws {
    try await withTable { session in
      _ = try session.query([PostgresCall(Self.insert, [.int32s([1])])], beginning: true)
      let error = #expect(throws: PostgresError.self) { try Self.put(1, session, committing: true) }
      #expect(error?.isUniqueViolation == true && session.isInTransaction)
      session.rollBack()
      let count = try session.query(Self.count)[0].bigint()
      #expect(count == 0)
    }
  }

  /// Neither side waits for the other, however much both have to say.
  @Test func muchGoesBothWays() async throws {
    try await withTable { session in
      let echo = PostgresStatement("echo", "SELECT $1::text")
      let text = String(repeating: "x", count: 4 << 20)
      let results = try session.query(Array(repeating: PostgresCall(echo, [.text(text)]), count: 6))
      let counts = try results.map { result in
        var row = result[0]
        return try row.text().utf8.count
      }
      #expect(counts == Array(repeating: 4 << 20, count: 6))
    }
  }
}

@Suite struct ValueTests {
  /// A value, the SQL that it must be equal to on the server.
  private static let cases: [(PostgresValue, String)] = [
    (.bool(true), "true"), (.int16(-2), "(-2)::int2"), (.int32(.min), "(-2147483648)::int4"),
    (.int64(.max), "9223372036854775807::int8"), (.text(""), "''::text"), (.text("ação ✓"), "'ação ✓'::text"),
    (.bytes([0, 255, 1]), "'\\x00ff01'::bytea"), (.bytes([]), "''::bytea"),
    (.uuid(high: 0x0123_4567_89ab_7def, low: 0x8000_0000_0000_0001), "'01234567-89ab-7def-8000-000000000001'::uuid"),
    (.time(UnixTime(microseconds: 1_700_000_000_123_456)), "'2023-11-14 22:13:20.123456+00'::timestamptz"),
    (.time(UnixTime(microseconds: -1)), "'1969-12-31 23:59:59.999999+00'::timestamptz"),
    (.inet([203, 0, 113, 7], prefixLength: 32), "'203.0.113.7'::inet"),
    (.inet([203, 0, 113, 0], prefixLength: 24), "'203.0.113.0/24'::inet"),
    (.inet([0x20, 1, 0x0d, 0xb8] + Array(repeating: 0, count: 12), prefixLength: 32), "'2001:db8::/32'::inet"),
    (.int16s([]), "'{}'::int2[]"), (.int16s([1, -1]), "'{1,-1}'::int2[]"), (.int32s([7]), "'{7}'::int4[]"),
    (.int64s([7, 8]), "'{7,8}'::int8[]"), (.texts(["a", "", "b c"]), "'{a,\"\",b c}'::text[]"),
    (.byteStrings([[1], []]), "ARRAY['\\x01','']::bytea[]"),
    (.uuids([(1, 2), (3, 4)]), "'{00000000-0000-0001-0000-000000000002,00000000-0000-0003-0000-000000000004}'::uuid[]"),
  ]

  @Test func parametersMeanWhatTheyShould() async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        for (index, (value, sql)) in Self.cases.enumerated() {
          let statement = PostgresStatement("equal_\(index)", "SELECT $1 = \(sql)")
          let value29 = try session.query(statement, [value])[0].boolean()
          #expect(value29, "\(sql)")
        }
        let null = PostgresStatement("null", "SELECT $1::text IS NULL AND $2::uuid IS NULL")
        let value30 = try session.query(null, [.null, .null])[0].boolean()
        #expect(value30)
      }
    }
  }

  @Test func columnsMeanWhatTheyShould() async throws {
    try await withDatabase(migrated: false) { database in
      let statement = PostgresStatement(
        "all",
        """
        SELECT true, 1::int2, 2::int4, 3::int8, 'ü'::text, '\\x00ff'::bytea, '{"a": 1.0}'::json,
          '01234567-89ab-7def-8000-000000000001'::uuid, '2023-11-14 22:13:20.123456+00'::timestamptz,
          '203.0.113.7'::inet, '2001:db8::1'::inet, NULL::inet, NULL::timestamptz, NULL::int4, NULL::int8, NULL::bytea
        """)
      try await perform(database) { session in
        var row = try session.query(statement)[0]
        let value31 = try row.bool()
        #expect(value31)
        let value4 = try row.int16()
        #expect(value4 == 1)
        let value5 = try row.int32()
        #expect(value5 == 2)
        let value6 = try row.int64()
        #expect(value6 == 3)
        let value7 = try row.text()
        #expect(value7 == "ü")
        let value8 = try row.bytes()
        #expect(value8 == [0, 255])
        let value9 = try row.json()
        #expect(value9 == Array("{\"a\": 1.0}".utf8))
        let value10 = try row.uuid()
        #expect(value10 == (0x0123_4567_89ab_7def, 0x8000_0000_0000_0001))
        let value11 = try row.time().microseconds
        #expect(value11 == 1_700_000_000_123_456)
        let value12 = try row.address()
        #expect(value12 == [203, 0, 113, 7])
        let value13 = try row.address()
        #expect(value13 == [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        let value14 = try row.address()
        #expect(value14 == [])
        let value15 = try row.optionalTime()
        #expect(value15 == nil)
        let value16 = try row.optionalInt32()
        #expect(value16 == nil)
        let value17 = try row.optionalInt64()
        #expect(value17 == nil)
        let value18 = try row.optionalBytes()
        #expect(value18 == nil)
      }
    }
  }
}

@Suite struct CopyTests {
  private static let table = "CREATE TABLE t (a uuid, b int2, c int4, d int8, e timestamptz, f bytea, g text, h inet)"
  private static let copy = "COPY t FROM STDIN (FORMAT binary)"
  private static let select = PostgresStatement("select", "SELECT a, b, c, d, e, f, g, h FROM t ORDER BY c")

  @Test(arguments: [true, false]) func rowsArriveAsTheyWereWritten(atOnce: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        session.copiesAtOnce = atOnce
        try session.run(script: Self.table)
        let big = [UInt8](repeating: 7, count: 1 << 20)
        try session.copy([Self.copy]) { (_, put) throws(PostgresError) in
          var rows = CopyBuffer(capacity: 0)
          for index in 0..<3 {
            rows.beginRow(fields: 8)
            rows.append(high: 1, low: UInt64(index))
            rows.append(Int16(-1))
            rows.append(Int32(index))
            rows.append(Int64.max)
            rows.append(UnixTime(microseconds: 1_700_000_000_123_456))
            if index == 0 { rows.append(big) } else { rows.append([UInt8]()) }
            rows.append("grüße")
            rows.append(address: index == 2 ? [1, 2] : [203, 0, 113, UInt8(index)])
          }
          try put(rows)
        }
        let result = try session.query(Self.select)
        #expect(result.count == 3)
        for index in 0..<3 {
          var row = result[index]
          let value19 = try row.uuid()
          #expect(value19 == (1, UInt64(index)))
          let value20 = try row.int16()
          #expect(value20 == -1)
          let value21 = try row.int32()
          #expect(value21 == Int32(index))
          let value22 = try row.int64()
          #expect(value22 == .max)
          let value23 = try row.time().microseconds
          #expect(value23 == 1_700_000_000_123_456)
          let value24 = try row.bytes()
          #expect(value24 == (index == 0 ? big : []))
          let value25 = try row.text()
          #expect(value25 == "grüße")
          let value26 = try row.address()
          #expect(value26 == (index == 2 ? [] : [203, 0, 113, UInt8(index)]))
        }
      }
    }
  }

  /// The second COPY fails: what the first one wrote must be gone, and the session must go on.
  @Test(arguments: [true, false]) func severalCopiesAreOneTransaction(atOnce: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        session.copiesAtOnce = atOnce
        try session.run(script: "CREATE TABLE a (n int4); CREATE TABLE b (n int4 PRIMARY KEY)")
        let copies = ["COPY a FROM STDIN (FORMAT binary)", "COPY b FROM STDIN (FORMAT binary)"]
        func write(_ values: [Int32]) throws(PostgresError) {
          try session.copy(copies) { (_, put) throws(PostgresError) in
            var rows = CopyBuffer()
            for value in values {
              rows.beginRow(fields: 1)
              rows.append(value)
            }
            try put(rows)
          }
        }
        let error = #expect(throws: PostgresError.self) { try write([1, 1]) }
        #expect(error?.isUniqueViolation == true)
        #expect(session.isUsable)
        let count = PostgresStatement("count", "SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b)")
        let value27 = try session.query(count)[0].bigint()
        #expect(value27 == 0)
        try write([1, 2])
        let value28 = try session.query(count)[0].bigint()
        #expect(value28 == 4)
      }
    }
  }

  @Test(arguments: [true, false]) func theFirstErrorEndsItHoweverMuchIsStillSent(atOnce: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        session.copiesAtOnce = atOnce
        try session.run(script: "CREATE TABLE a (n int4 NOT NULL, b bytea)")
        let error = #expect(throws: PostgresError.self) {
          try session.copy(["COPY a FROM STDIN (FORMAT binary)"]) { (_, put) throws(PostgresError) in
            var rows = CopyBuffer()
            for _ in 0..<20 {
              rows.beginRow(fields: 2)
              rows.appendNull()
              rows.append([UInt8](repeating: 1, count: 1 << 20))
            }
            try put(rows)
          }
        }
        #expect(error?.sqlState == "23502")
        #expect(session.isUsable)
      }
    }
  }

  /// What ends the connection while everything is under way: nobody knows whether it took effect.
  @Test(arguments: [true, false]) func aConnectionThatEndsLeavesDoubt(atOnce: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        session.copiesAtOnce = atOnce
        try session.run(
          script: """
            CREATE TABLE a (n int4);
            CREATE FUNCTION quit() RETURNS trigger LANGUAGE plpgsql AS
              'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END';
            CREATE TRIGGER quit AFTER INSERT ON a FOR EACH STATEMENT EXECUTE FUNCTION quit()
            """)
        func write() throws(PostgresError) {
          try session.copy(["COPY a FROM STDIN (FORMAT binary)"]) { (_, put) throws(PostgresError) in try put(CopyBuffer()) }
        }
        let error = #expect(throws: PostgresError.self) { try write() }
        #expect(error?.isConnectionLost == true)
        #expect(error?.isInDoubt == true)
        #expect(!session.isUsable)
        #expect(throws: PostgresError.self) { try write() }
      }
    }
  }

  @Test(arguments: [true, false]) func withinATransactionItIsPartOfIt(atOnce: Bool) async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        session.copiesAtOnce = atOnce
        try session.run(script: "CREATE TABLE a (n int4 PRIMARY KEY)")
        func write(_ value: Int32) throws(PostgresError) {
          try session.copy(["COPY a FROM STDIN (FORMAT binary)"]) { (_, put) throws(PostgresError) in
            var rows = CopyBuffer()
            rows.beginRow(fields: 1)
            rows.append(value)
            try put(rows)
          }
        }
        struct Undo: Error {}
        #expect(throws: Undo.self) {
          try session.transaction {
            try write(1)
            throw Undo()
          }
        }
        let error = #expect(throws: PostgresError.self) {
          try session.transaction {
            try write(2)
            try write(2)
          }
        }
        #expect(error?.isUniqueViolation == true)
        try session.transaction { try write(3) }
        let values = try session.query(PostgresStatement("values", "SELECT n FROM a"))
        #expect(values.count == 1)
        let value = try values[0].first()
        #expect(value == 3)
      }
    }
  }

  /// What the server says at any time, between the answers and after them, is no answer.
  @Test func noticesAndChangesOfSettingsAreReadOver() async throws {
    try await withDatabase(migrated: false) { database in
      try await perform(database) { session in
        try session.run(
          script: """
            CREATE TABLE a (n int4);
            CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
              'BEGIN RAISE NOTICE ''%'', repeat(''x'', 10000); PERFORM set_config(''application_name'', ''other'', false);
               NOTIFY news; RETURN NEW; END';
            CREATE TRIGGER tell AFTER INSERT ON a FOR EACH STATEMENT EXECUTE FUNCTION tell();
            LISTEN news
            """)
        for _ in 0..<3 {
          try session.copy(["COPY a FROM STDIN (FORMAT binary)"]) { (_, put) throws(PostgresError) in
            var rows = CopyBuffer()
            rows.beginRow(fields: 1)
            rows.append(Int32(1))
            try put(rows)
          }
          #expect(session.isUsable)
        }
        let count = try session.query(PostgresStatement("count", "SELECT count(*) FROM a"))[0].bigint()
        #expect(count == 3)
      }
    }
  }
}

extension PostgresRow {
  fileprivate func first() throws -> Int32 {
    var row = self
    return try row.int32()
  }
  fileprivate func bigint() throws -> Int64 {
    var row = self
    return try row.int64()
  }
  fileprivate func boolean() throws -> Bool {
    var row = self
    return try row.bool()
  }
}

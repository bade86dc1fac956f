import Identifiers
import Postgres
import Rules
import Testing
import TestSupport

@testable import Store

/// Somebody else is faster, or the connection breaks: what is bound is bound once all the same.
@Suite struct BindingRaceTests {
  private typealias Answer = Result<IngestResult, IngestFailure>

  private static let theirs = UniqueID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)

  private static func makeTheirs(_ fixture: Fixture) -> String {
    "INSERT INTO customers (workspace_id, id, name, name_key) VALUES ('\(fixture.workspace)', '\(theirs)', 'Theirs', 'theirs');"
  }

  /// Submits while somebody else does what a script says, who is faster.
  private func submit(
    _ entry: IngestEntry, _ writer: IngestWriter, _ database: PostgresDatabase, overtakenBy script: String,
    end: String = "COMMIT"
  ) async throws -> Answer? {
    let answer = Monitor<Answer?>(nil)
    try await overtake(database, with: script, end: end) {
      writer.submit(entry) { result in
        answer.withLock { $0 = result }
        answer.broadcast()
      }
    }
    return try await onThread { answer.wait(for: .seconds(30)) { $0 } }
  }

  /// The customer is made by another replica after this one has looked for it; or nearly.
  @Test(arguments: [true, false], [true, false])
  func whoIsMadeMeanwhileIsFound(isCommitted: Bool, isClaimed: Bool) async throws {
    try await withWriter { store, writer, fixture, database in
      var (entry, outcome) = fixture.entry(binding: "email*: ana@x.com, phone: 11988887777, chat telegram: ana")
      if isClaimed {
        entry.parts[0].claim = DeliveryClaim(trigger: fixture.trigger, deliveryID: [1], window: .seconds(60))
      }
      let script = """
        \(Self.makeTheirs(fixture))
        INSERT INTO customer_contacts (workspace_id, kind, value, customer_id, original)
        VALUES ('\(fixture.workspace)', 'email', 'ana@x.com', '\(Self.theirs)', '')
        """
      let answer = try await submit(
        entry, writer, database, overtakenBy: script, end: isCommitted ? "COMMIT" : "ROLLBACK")
      #expect(answer == .success(.recorded))
      let bound = try #require(outcome.withLock { $0 })
      #expect(bound.customerManner == (isCommitted ? .found : .created))
      #expect((bound.customer == Self.theirs) == isCommitted)
      let stored = try await StoredBinding.read(database, fixture.workspace)
      #expect(
        stored.lines == [
          "A \(isCommitted ? "Theirs" : "-") ana@x.com +5511988887777 - [email:ana@x.com phone:+5511988887777 telegram:ana]",
          "a telegram:ana of A",
        ])
      let run = try await store.run(entry.runs[0].id, in: fixture.workspace)
      #expect(run?.customer == bound.customer)
      let claims = try await number(database, "SELECT count(*) FROM delivery_claims")
      #expect(claims == (isClaimed ? 1 : 0))
    }
  }

  /// What somebody else wrote to the customer meanwhile is not written over.
  @Test func whatIsChangedMeanwhileStays() async throws {
    try await withWriter { _, writer, fixture, database in
      _ = await writer.submit(fixture.entry(binding: "email*: ana@x.com, name: Ana").entry)
      let (entry, outcome) = fixture.entry(binding: "email*: ana@x.com, name: Bia, phone: 11988887777")
      let answer = try await submit(
        entry, writer, database,
        overtakenBy: "UPDATE customers SET phone = '+5511955554444', updated_at = clock_timestamp()")
      #expect(answer == .success(.recorded))
      let bound = try #require(outcome.withLock { $0 })
      #expect(bound.fields.map(\.action) == [.unchanged, .updated, .added])
      let stored = try await StoredBinding.read(database, fixture.workspace)
      #expect(stored.lines == ["A Bia ana@x.com +5511955554444 - [email:ana@x.com phone:+5511988887777]"])
    }
  }

  /// The chat becomes somebody else's meanwhile, and stays so.
  @Test func aChatThatIsLinkedMeanwhileStaysLinked() async throws {
    try await withWriter { _, writer, fixture, database in
      _ = await writer.submit(fixture.entry(binding: "chat telegram: ana").entry)
      let (entry, outcome) = fixture.entry(binding: "email*: bia@x.com, chat telegram: ana")
      let answer = try await submit(
        entry, writer, database,
        overtakenBy: "\(Self.makeTheirs(fixture)) UPDATE chats SET customer_id = '\(Self.theirs)'")
      #expect(answer == .success(.recorded))
      let bound = try #require(outcome.withLock { $0 })
      #expect(bound.customerManner == .created && bound.chatConflict == Self.theirs)
      let stored = try await StoredBinding.read(database, fixture.workspace)
      #expect(stored.lines == ["A Theirs - - - []", "B - bia@x.com - - [email:bia@x.com]", "a telegram:ana of A"])
    }
  }

  /// The batch with its customer is committed and the answer lost, or not committed: once in either case.
  @Test(arguments: [true, false])
  func aBindingInDoubtIsMadeOnce(isCommitted: Bool) async throws {
    try await withProxiedWriter { proxy, writer, fixture, database in
      // The first Sync behind it is that of preparing it, the second that of the batch.
      proxy.cutNext(
        isCommitted
          ? .answer(to: .sync, occurrence: 2, behind: .prepareCommit) : .request(.sync, occurrence: 2, behind: .prepareCommit))
      writer.start()
      let (entry, outcome) = fixture.entry(binding: "email*: ana@x.com, name: Ana, chat telegram: ana")
      let result = await writer.submit(entry)
      #expect(result == .success(isCommitted ? .alreadyRecorded : .recorded))
      #expect(proxy.cutCount == 1)
      #expect(outcome.withLock { $0 }?.customerManner == .created)
      let stored = try await StoredBinding.read(database, fixture.workspace)
      #expect(stored.lines == ["A Ana ana@x.com - - [email:ana@x.com telegram:ana]", "a telegram:ana of A"])
      let requests = try await number(database, "SELECT count(*) FROM requests WHERE customer_id IS NOT NULL")
      let runs = try await number(database, "SELECT count(*) FROM runs WHERE customer_id IS NOT NULL")
      #expect(requests == 1 && runs == 1)
    }
  }

  /// Cut at many places of the conversation: each request has its claim, customer and run once.
  @Test func aConnectionCutAnywhereBindsOnce() async throws {
    try await withProxiedWriter { proxy, writer, fixture, database in
      let offsets = Array(stride(from: 900, to: 8000, by: 173))
      for offset in offsets { proxy.cutNext(.afterClientBytes(offset)) }
      writer.start()
      var count = 0
      while proxy.cutCount < offsets.count, count < 500 {
        var (entry, _) = fixture.entry(binding: "email*: c\(count)@x.com, name: N, chat telegram: c\(count)")
        entry.parts[0].claim = DeliveryClaim(
          trigger: fixture.trigger, deliveryID: Array("\(count)".utf8), window: .seconds(600))
        let result = await writer.submit(entry)
        count += 1
        if case .failure = result { Issue.record("request \(count): \(result)") }
      }
      #expect(proxy.cutCount == offsets.count)
      for table in ["requests", "runs", "customers", "chats", "delivery_claims"] {
        let rows = try await number(database, "SELECT count(*) FROM \(table)")
        #expect(rows == count, "\(table)")
      }
    }
  }
}

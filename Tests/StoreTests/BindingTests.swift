import Identifiers
import Postgres
import Rules
import Testing
import TestSupport

@testable import Store

@Suite struct BindingTests {
  /// Each case in a workspace of its own.
  @Test(arguments: [BindingCase.finding, BindingCase.updates, BindingCase.chats])
  func theRulesHold(cases: [BindingCase]) async throws {
    try await withWriter { store, writer, _, database in
      for (index, rule) in cases.enumerated() {
        let fixture = try await Fixture.make(store, workspace: "case-\(index)")
        var outcomes: [BindingOutcome] = []
        for (index, text) in (rule.before + [rule.request]).enumerated() {
          let (entry, outcome) = fixture.entry(binding: text)
          let result = await writer.submit(entry)
          #expect(result == .success(.recorded), "\(rule.rule), request \(index)")
          let bound = try #require(outcome.withLock { $0 })
          outcomes.append(bound)
          // The run and the request have what was bound.
          let run = try #require(try await store.run(entry.runs[0].id, in: fixture.workspace))
          let request = try #require(try await store.request(entry.request.id, in: fixture.workspace))
          #expect(run.customer == bound.customer && run.chat == bound.chat, "\(rule.rule)")
          #expect(request.customer == bound.customer && request.chat == bound.chat, "\(rule.rule)")
        }
        let stored = try await StoredBinding.read(database, fixture.workspace)
        #expect(stored.text(outcomes[rule.before.count]) == rule.outcome, "\(rule.rule)")
        #expect(stored.lines == rule.then, "\(rule.rule)")
      }
    }
  }

  /// The cases again, each in one batch: what the requests before did is not in the database yet when the last one is decided.
  @Test(arguments: [BindingCase.finding, BindingCase.updates, BindingCase.chats])
  func theRulesHoldWithinABatch(cases: [BindingCase]) async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let writer = IngestWriter(database.configuration, logger: .silent)
        var checks: [(rule: BindingCase, fixture: Fixture, outcome: Monitor<BindingOutcome?>)] = []
        for (index, rule) in cases.enumerated() {
          let fixture = try await Fixture.make(store, workspace: "case-\(index)")
          for text in rule.before { writer.submit(fixture.entry(binding: text).entry) { _ in } }
          let (entry, outcome) = fixture.entry(binding: rule.request)
          writer.submit(entry) { result in #expect(result == .success(.recorded), "\(rule.rule)") }
          checks.append((rule, fixture, outcome))
        }
        writer.start()
        await writer.shutDown(within: .seconds(20))
        #expect(writer.status.committedBatches == 1)
        for (rule, fixture, outcome) in checks {
          let stored = try await StoredBinding.read(database, fixture.workspace)
          #expect(stored.text(try #require(outcome.withLock { $0 })) == rule.outcome, "\(rule.rule)")
          #expect(stored.lines == rule.then, "\(rule.rule)")
        }
      }
    }
  }

  /// What the database refuses of one request's binding is that request's alone, and its run starts without.
  @Test func aBindingThatIsRefusedFailsAlone() async throws {
    try await withWriter { store, writer, fixture, database in
      var entries: [IngestEntry] = []
      var outcomes: [Monitor<BindingOutcome?>] = []
      for index in 0..<12 {
        var (entry, outcome) = fixture.entry(binding: "email*: ana\(index % 3)@x.com, chat telegram: ana\(index % 3)")
        if index == 4 { entry.parts[0].binding?.customer[0].value = "nul\u{0}@x.com" }
        // Beyond what an index of PostgreSQL can hold.
        if index == 7 {
          entry.parts[0].binding?.chat?.contact.value = (0..<2000).map { _ in String(UInt64.random(in: 0 ... .max)) }.joined()
        }
        entries.append(entry)
        outcomes.append(outcome)
      }
      let results = await writer.submitAll(entries)
      #expect(results == Array(repeating: .success(.recorded), count: 12))
      for (index, outcome) in outcomes.enumerated() {
        let bound = try #require(outcome.withLock { $0 })
        let run = try #require(try await store.run(entries[index].runs[0].id, in: fixture.workspace))
        #expect(run.customer == bound.customer)
        if index == 4 || index == 7 {
          #expect(bound.customerManner == .failed && bound.chatManner == .failed && bound.customer == nil && bound.chat == nil)
          #expect(bound.failure.contains(index == 4 ? "22021" : "54000"))
          #expect(bound.failure.hasSuffix(" The run starts without customer and chat."))
        } else {
          #expect(bound.customer != nil && bound.chat != nil && bound.failure.isEmpty)
        }
      }
      let customers = try await number(database, "SELECT count(*) FROM customers")
      #expect(customers == 3)
    }
  }

  /// A request that is refused after it was bound has bound nobody, and its neighbours have.
  @Test func aRequestThatIsRefusedBindsNobody() async throws {
    try await withWriter { _, writer, fixture, database in
      var (poisonous, _) = fixture.entry(binding: "email*: nobody@x.com")
      poisonous.parts[0].run?.variables = Array("not json".utf8)
      let (neighbour, _) = fixture.entry(binding: "email*: ana@x.com")
      let results = await writer.submitAll([poisonous, neighbour])
      #expect(results == [.failure(.refused(sqlState: "22P02")), .success(.recorded)])
      let customers = try await number(database, "SELECT count(*) FROM customers")
      let contacts = try await number(database, "SELECT count(*) FROM customer_contacts WHERE value = 'ana@x.com'")
      #expect(customers == 1 && contacts == 1)
    }
  }

  @Test func aDuplicateAndARepeatedAttemptBindNothing() async throws {
    try await withWriter { _, writer, fixture, database in
      let claim = DeliveryClaim(trigger: fixture.trigger, deliveryID: [1], window: .seconds(60))
      var (first, _) = fixture.entry(binding: "email*: ana@x.com, name: Ana")
      first.parts[0].claim = claim
      var (second, outcome) = fixture.entry(binding: "email*: bia@x.com, name: Bia")
      second.parts[0].claim = claim
      #expect(await writer.submit(first) == .success(.recorded))
      #expect(await writer.submit(second) == .success(.duplicate(of: first.request.id)))
      first.parts[0].binding?.customer[1].value = "Another"
      #expect(await writer.submit(first) == .success(.alreadyRecorded))
      #expect(outcome.withLock { $0 } == nil)
      let stored = try await StoredBinding.read(database, fixture.workspace)
      #expect(stored.lines == ["A Ana ana@x.com - - [email:ana@x.com]"])
    }
  }

  /// 1,000 requests of one new customer through two control planes' writers, each with three or more of five keys, so that any
  /// two of them have one in common.
  @Test func parallelRequestsOfOneNewCustomerMakeOne() async throws {
    let keys = ["email*: ana@x.com", "phone*: 11988887777", "document*: 123", "whatsapp*: 11977776666", "telegram*: ana"]
    let subsets = (0..<32).map { bits in keys.indices.filter { bits >> $0 & 1 == 1 }.map { keys[$0] } }.filter { $0.count >= 3 }
    try await inParallel { index in
      subsets[index % subsets.count].shuffled().joined(separator: ", ") + ", name: Ana \(index % 7)"
    } check: {
      stored, outcomes in
      #expect(stored.customers.count == 1)
      #expect(Set(outcomes.map(\.customer)).count == 1)
      #expect(outcomes.count { $0.customerManner == .created } == 1)
      #expect(
        stored.lines.first?.hasSuffix(
          " ana@x.com +5511988887777 123 [document:123 email:ana@x.com phone:+5511988887777 telegram:ana whatsapp:+5511977776666]"
        )
          == true)
    }
  }

  @Test func parallelRequestsOfOneNewChatMakeOne() async throws {
    try await inParallel { index in
      index % 3 == 0 ? "chat whatsapp: 11988887777" : "email*: ana@x.com, chat whatsapp: 11988887777"
    } check: { stored, outcomes in
      #expect(stored.chats.count == 1 && stored.customers.count == 1)
      #expect(outcomes.count { $0.chatManner == .created } == 1)
      #expect(Set(outcomes.map(\.chat)).count == 1)
      #expect(stored.lines.last == "a whatsapp:+5511988887777 of A")
    }
  }

  @Test func parallelRequestsWithANameAsKeyMakeOne() async throws {
    try await inParallel { index in
      "name*: \(index % 2 == 0 ? "Ana" : "ANA")"
    } check: { stored, outcomes in
      #expect(stored.customers.count == 1)
      #expect(outcomes.count { $0.customerManner == .created } == 1)
    }
  }

  /// Each request has two of many customers' keys, so that batches want the same customers in different orders.
  @Test func crossedKeysNeitherBlockNorDouble() async throws {
    try await inParallel { index in
      let (left, right) = (index &* 7919 % 40, index &* 104_729 % 40)
      return "email*: c\(left)@x.com, telegram*: c\(right), name: N\(index), chat telegram: t\(right)"
    } check: { stored, outcomes in
      let created = outcomes.count { $0.customerManner == .created }
      #expect(stored.customers.count == created)
      #expect(stored.chats.count == Set((0..<1000).map { $0 &* 104_729 % 40 }).count)
      #expect(outcomes.allSatisfy { $0.failure.isEmpty && $0.customer != nil })
    }
  }

  /// Submits 1,000 requests through two writers of two lanes with small batches.
  private func inParallel(
    _ text: @Sendable (Int) -> String, check: (StoredBinding, [BindingOutcome]) throws -> Void
  ) async throws {
    try await withWriter(limits: IngestLimits(lanes: 2, batchEntries: 16)) { _, writer, fixture, database in
      let other = IngestWriter(database.configuration, limits: IngestLimits(lanes: 2, batchEntries: 16), logger: .silent)
      other.start()
      let made = (0..<1000).map { fixture.entry(binding: text($0)) }
      async let here = writer.submitAll(made[..<500].map(\.entry))
      async let there = other.submitAll(made[500...].map(\.entry))
      let results = await here + there
      #expect(results == Array(repeating: .success(.recorded), count: 1000))
      try check(try await StoredBinding.read(database, fixture.workspace), made.compactMap { $0.outcome.withLock { $0 } })
      await other.shutDown(within: .seconds(5))
    }
  }
}

extension Fixture {
  /// An accepted request that binds what a text says, as `BindingCase` writes it, and what comes of it.
  func entry(binding text: String) -> (entry: IngestEntry, outcome: Monitor<BindingOutcome?>) {
    var request = BindingRequest()
    for part in text.split(separator: ", ") {
      let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let words = halves[0].split(separator: " ")
      let isKey = words[words.count - 1].hasSuffix("*")
      guard let kind = ContactKind(rawValue: String(words[words.count - 1].drop(while: { $0 == "*" }).prefix { $0 != "*" }))
      else { continue }
      let original = Array(halves[1].dropFirst().utf8)
      var field = BindingRequest.Field(kind: kind, isKey: isKey, original: original, value: nil)
      do { field.value = try kind.normalize(original, region: "BR") } catch { field.problem = error.message }
      if words.count == 2 {
        request.chat = BindingRequest.Chat(channel: kind, contact: field)
      } else {
        request.customer.append(field)
      }
    }
    let outcome = Monitor<BindingOutcome?>(nil)
    var entry = entry()
    entry.parts[0].binding = request
    entry.settle = { row, results in
      outcome.withLock { $0 = results.first?.binding }
      return row
    }
    return (entry, outcome)
  }
}

/// A workspace's customers and chats as the cases write them.
struct StoredBinding {
  var customers: [UniqueID] = []
  var chats: [UniqueID] = []
  var lines: [String] = []

  static func read(_ database: PostgresDatabase, _ workspace: UniqueID) async throws -> StoredBinding {
    try await onThread {
      let session = try PostgresSession.connect(database.configuration)
      var stored = StoredBinding()
      let customers = PostgresStatement(
        "test_customers",
        """
        SELECT u.id, concat_ws(' ', nullif(name, ''), coalesce(nullif(email, ''), '-'), coalesce(nullif(phone, ''), '-'),
          coalesce(nullif(document, ''), '-')), name = '', coalesce((
            SELECT string_agg(kind || ':' || value, ' ' ORDER BY kind COLLATE "C", value COLLATE "C") FROM customer_contacts c
            WHERE c.workspace_id = u.workspace_id AND c.customer_id = u.id), '')
        FROM customers u WHERE workspace_id = $1::uuid ORDER BY id
        """)
      try session.query(customers, [.uuid(high: workspace.high, low: workspace.low)]).forEach { row in
        stored.customers.append(try row.id())
        let (columns, isNameless, contacts) = (try row.text(), try row.bool(), try row.text())
        stored.lines.append("\(stored.name(ofCustomer: stored.customers.last)) \(isNameless ? "- " : "")\(columns) [\(contacts)]")
      }
      let chats = PostgresStatement(
        "test_chats",
        "SELECT id, channel || ':' || contact, customer_id FROM chats WHERE workspace_id = $1::uuid ORDER BY id")
      try session.query(chats, [.uuid(high: workspace.high, low: workspace.low)]).forEach { row in
        stored.chats.append(try row.id())
        let contact = try row.text()
        let owner = try row.optionalID()
        stored.lines.append(
          "\(stored.name(ofChat: stored.chats.last)) \(contact) of \(owner == nil ? "nobody" : stored.name(ofCustomer: owner))")
      }
      return stored
    }
  }

  private func name(ofCustomer id: UniqueID?) -> String { name(id, in: customers, from: "A") }
  private func name(ofChat id: UniqueID?) -> String { name(id, in: chats, from: "a") }

  private func name(_ id: UniqueID?, in ids: [UniqueID], from first: Unicode.Scalar) -> String {
    guard let id, let index = ids.firstIndex(of: id), let scalar = Unicode.Scalar(first.value + UInt32(index % 26)) else {
      return "?"
    }
    return String(Character(scalar))
  }

  /// An outcome as the cases write it.
  func text(_ outcome: BindingOutcome) -> String {
    var customer = ""
    switch outcome.customerManner {
    case .found?: customer = "\(name(ofCustomer: outcome.customer)) found by \(outcome.foundBy?.rawValue ?? "?")"
    case .created?: customer = "\(name(ofCustomer: outcome.customer)) created"
    case let manner:
      customer = manner?.rawValue ?? "-"
      if outcome.customer != nil { customer += " " + name(ofCustomer: outcome.customer) }
    }
    var parts = [customer, outcome.fields.map { "\($0.field) \($0.action)" }.joined(separator: ", ")]
    if !outcome.otherMatches.isEmpty {
      parts.append(
        "others " + outcome.otherMatches.map { "\(name(ofCustomer: $0.customer)) by \($0.field)" }.joined(separator: ", "))
    }
    if let manner = outcome.chatManner {
      var chat = "chat \(outcome.chat == nil ? "" : name(ofChat: outcome.chat) + " ")\(manner)"
      if let owner = outcome.chatConflict { chat += ", stays \(name(ofCustomer: owner))'s" }
      parts.append(chat)
    }
    return parts.joined(separator: "; ")
  }
}

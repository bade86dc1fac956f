import Identifiers
import Postgres
import Store
import Testing
import TestSupport

@Suite struct WorkspaceTests {
  @Test func aNameIsTakenOnce() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let created = try await store.createWorkspace(named: "acme")
        await #expect(throws: StoreError.alreadyExists(.workspace)) { _ = try await store.createWorkspace(named: "acme") }
        let found = try await store.workspace(named: "acme")
        #expect(found == created)
        let missing = try await store.workspace(named: "nobody")
        #expect(missing == nil)
        let ids = try await withThrowingTaskGroup(of: UniqueID.self) { group in
          for _ in 0..<8 { group.addTask { try await store.ensureWorkspace(named: "shared").id } }
          return try await group.reduce(into: Set<UniqueID>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let names = try await store.workspaces().map(\.name)
        #expect(names == ["acme", "shared"])
      }
    }
  }

  @Test func aDataKeyVersionIsTakenOnceAndRewrappedFromWhatItWas() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let workspace = try await store.createWorkspace(named: "acme").id
        var key = DataKeyRow(workspace: workspace, version: 1, masterKeyVersion: 1, wrapped: [1, 2])
        try await store.insertDataKey(key)
        await #expect(throws: StoreError.alreadyExists(.dataKey)) { try await store.insertDataKey(key) }
        key.masterKeyVersion = 2
        key.wrapped = [3]
        let stale = try await store.rewrap([(key, previous: 7)])
        #expect(stale == 0)
        let done = try await store.rewrap([(key, previous: 1)])
        #expect(done == 1)
        let stored = try await store.dataKeys(of: workspace)
        #expect(stored.map(\.wrapped) == [[3]])
        #expect(stored.map(\.masterKeyVersion) == [2])
      }
    }
  }
}

@Suite struct FlowTests {
  @Test func aStaleRevisionChangesNothing() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let change = FlowChange(
          workspace: fixture.workspace, flow: fixture.flow.id, name: "orders", draft: Array("{}".utf8), expectedRevision: 7,
          createdTriggers: [NewTrigger(id: .random(), node: "second", key: TriggerKey.generate())])
        await #expect(throws: StoreError.staleRevision(current: 1)) { _ = try await store.apply(change) }
        let triggers = try await store.triggers(of: fixture.flow.id, in: fixture.workspace)
        #expect(triggers.map(\.node) == ["hook"])
        var missing = change
        missing.flow = .random()
        await #expect(throws: StoreError.staleRevision(current: 0)) { _ = try await store.apply(missing) }
        await #expect(throws: StoreError.staleRevision(current: 1)) {
          _ = try await store.publishFlow(fixture.flow.id, in: fixture.workspace, expectedRevision: 2, by: "tests")
        }
      }
    }
  }

  @Test func takenNamesAndKeysAreRefusedWhole() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        func change(_ name: String, _ triggers: [NewTrigger]) -> FlowChange {
          FlowChange(
            workspace: fixture.workspace, flow: .random(), name: name, draft: Array("{}".utf8), expectedRevision: 0,
            createdTriggers: triggers)
        }
        let taken = change("orders", [])
        await #expect(throws: StoreError.alreadyExists(.flow)) { _ = try await store.apply(taken) }
        let sameKey = change("other", [NewTrigger(id: .random(), node: "hook", key: fixture.key)])
        await #expect(throws: StoreError.alreadyExists(.trigger)) { _ = try await store.apply(sameKey) }
        let sameNode = change(
          "other", ["a", "a"].map { NewTrigger(id: .random(), node: $0, key: TriggerKey.generate()) })
        await #expect(throws: StoreError.alreadyExists(.trigger)) { _ = try await store.apply(sameNode) }
        var foreignSecret = change("other", [])
        foreignSecret.addedSecrets = [SecretRow(trigger: .random(), id: .random(), ciphertext: [1])]
        await #expect(throws: StoreError.notFound(.trigger)) { _ = try await store.apply(foreignSecret) }
        let other = try await store.flow(named: "other", in: fixture.workspace)
        #expect(other == nil)
      }
    }
  }

  @Test func aDraftIsKeptByteForByteAndPublishedOnce() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        #expect(fixture.flow.revision == 1)
        #expect(fixture.flow.publishedVersion == 1)
        #expect(fixture.flow.isDraftPublished)
        let draft = Array("{ \"n\" : 10000000000000000000001.10,\n\"n\":2 }".utf8)
        let change = FlowChange(
          workspace: fixture.workspace, flow: fixture.flow.id, name: "orders", draft: draft, expectedRevision: 1)
        let saved = try await store.apply(change)
        #expect(saved.draft == draft)
        #expect(saved.revision == 2 && saved.publishedVersion == 1 && !saved.isDraftPublished)
        for _ in 0..<2 {
          let published = try await store.publishFlow(fixture.flow.id, in: fixture.workspace, expectedRevision: 2, by: "ada")
          #expect(published.publishedVersion == 2)
          #expect(published.isDraftPublished)
        }
        let versions = try await store.versions(of: fixture.flow.id, in: fixture.workspace)
        #expect(versions.map(\.version) == [2, 1])
        #expect(versions.map(\.publishedBy) == ["ada", "tests"])
        let definition = try await store.version(2, of: fixture.flow.id, in: fixture.workspace)?.definition
        #expect(definition == draft)
        let listed = try await store.flows(in: fixture.workspace, limit: 10)
        #expect(listed.map(\.name) == ["orders"])
        #expect(listed.allSatisfy { $0.draft.isEmpty })
        let after = try await store.flows(in: fixture.workspace, after: "orders", limit: 10)
        #expect(after.isEmpty)
      }
    }
  }

  @Test func oneWriterOfManyWins() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let outcomes = await withTaskGroup(of: Bool.self) { group in
          for index in 0..<8 {
            group.addTask {
              let change = FlowChange(
                workspace: fixture.workspace, flow: fixture.flow.id, name: "orders", draft: Array("{\"n\":\(index)}".utf8),
                expectedRevision: 1)
              return (try? await store.apply(change)) != nil
            }
          }
          return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.count { $0 } == 1)
      }
    }
  }

  @Test func aDeletedFlowsNameIsFreeAndItsKeysAreNot() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let secret = SecretRow(trigger: fixture.trigger, id: .random(), ciphertext: [1])
        _ = try await store.rotateSecret(SecretRotation(workspace: fixture.workspace, added: secret, overlap: .zero))
        try await store.deleteFlow(fixture.flow.id, in: fixture.workspace)
        await #expect(throws: StoreError.notFound(.flow)) {
          try await store.deleteFlow(fixture.flow.id, in: fixture.workspace)
        }
        let byKey = try await store.trigger(key: fixture.key, in: fixture.workspace)
        #expect(byKey == nil)
        let position = try await store.position(ofTrigger: fixture.trigger, in: fixture.workspace)
        #expect(position == TriggerPosition(flowName: "orders", node: "hook"))
        let secrets = try await number(database, "SELECT count(*) FROM trigger_secrets")
        #expect(secrets == 0)
        let again = FlowChange(
          workspace: fixture.workspace, flow: .random(), name: "orders", draft: Array("{}".utf8), expectedRevision: 0,
          createdTriggers: [NewTrigger(id: .random(), node: "hook", key: fixture.key)])
        await #expect(throws: StoreError.alreadyExists(.trigger)) { _ = try await store.apply(again) }
        _ = try await Fixture.make(store)
      }
    }
  }

  /// A foreign workspace's id finds nothing.
  @Test func workspacesDoNotSeeEachOther() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let mine = try await Fixture.make(store, workspace: "mine")
        let theirs = try await Fixture.make(store, workspace: "theirs")
        let flow = try await store.flow(theirs.flow.id, in: mine.workspace)
        #expect(flow == nil)
        let trigger = try await store.trigger(theirs.trigger, in: mine.workspace)
        #expect(trigger == nil)
        let key = try await store.trigger(key: theirs.key, in: mine.workspace)
        #expect(key == nil)
        await #expect(throws: StoreError.notFound(.trigger)) {
          _ = try await store.setTrigger(theirs.trigger, in: mine.workspace, enabled: false)
        }
        await #expect(throws: StoreError.notFound(.flow)) {
          try await store.deleteFlow(theirs.flow.id, in: mine.workspace)
        }
        let secret = SecretRow(trigger: theirs.trigger, id: .random(), ciphertext: [1])
        await #expect(throws: StoreError.notFound(.trigger)) {
          _ = try await store.rotateSecret(SecretRotation(workspace: mine.workspace, added: secret, overlap: .zero))
        }
      }
    }
  }
}

@Suite struct TriggerTests {
  @Test func triggersAreFoundByIdKeyAndNode() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let byID = try await store.trigger(fixture.trigger, in: fixture.workspace)
        #expect(byID?.node == "hook")
        #expect(byID?.flowName == "orders")
        let byKey = try await store.trigger(key: fixture.key, in: fixture.workspace)
        #expect(byKey == byID)
        let byNode = try await store.trigger(node: "hook", ofFlowNamed: "orders", in: fixture.workspace)
        #expect(byNode == byID)
        let strange = try await store.trigger(key: "wh_\0", in: fixture.workspace)
        #expect(strange == nil)
        _ = try await Fixture.make(store, flow: "bills", node: "z")
        _ = try await Fixture.make(store, flow: "zoo", node: "a")
        var seen: [String] = []
        var position: TriggerPosition?
        while true {
          let page = try await store.triggers(in: fixture.workspace, after: position, limit: 1)
          guard let last = page.last else { break }
          seen.append("\(last.flowName)/\(last.node)")
          position = TriggerPosition(flowName: last.flowName, node: last.node)
        }
        #expect(seen == ["bills/z", "orders/hook", "zoo/a"])
      }
    }
  }

  @Test func disablingIsSeenAtOnceByTheLiveConfiguration() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let disabled = try await store.setTrigger(fixture.trigger, in: fixture.workspace, enabled: false)
        #expect(!disabled.isEnabled)
        let live = try await store.loadLiveConfiguration()
        #expect(live.workspaces.map(\.name) == ["acme"])
        #expect(live.flows.map(\.version) == [1])
        #expect(live.flows.first?.definition == Array(#"{"flow":"x","n":1.0}"#.utf8))
        #expect(live.flows.first?.triggers.map(\.isEnabled) == [false])
        #expect(live.flows.first?.triggers.map(\.key) == [fixture.key])
        let one = try await store.loadLiveFlow(fixture.flow.id, in: fixture.workspace)
        #expect(one == live.flows.first)
        let none = try await store.loadLiveFlow(.random(), in: fixture.workspace)
        #expect(none == nil)
      }
    }
  }

  @Test func anUnpublishedFlowIsNotLive() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let workspace = try await store.createWorkspace(named: "acme").id
        let change = FlowChange(
          workspace: workspace, flow: .random(), name: "draft", draft: Array("{}".utf8), expectedRevision: 0,
          createdTriggers: [NewTrigger(id: .random(), node: "hook", key: TriggerKey.generate())])
        _ = try await store.apply(change)
        let live = try await store.loadLiveConfiguration()
        #expect(live.flows.isEmpty)
      }
    }
  }

  @Test func aRotatedSecretOverlapsAndEnds() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        func rotate(_ byte: UInt8, _ overlap: Duration) async throws -> SecretRow {
          let secret = SecretRow(trigger: fixture.trigger, id: .random(), ciphertext: [byte])
          return try await store.rotateSecret(SecretRotation(workspace: fixture.workspace, added: secret, overlap: overlap))
        }
        let first = try await rotate(1, .zero)
        #expect(first.createdAt > UnixTime(microseconds: 0))
        let second = try await rotate(2, .seconds(3600))
        var secrets = try await store.secrets(of: fixture.trigger, in: fixture.workspace)
        #expect(secrets.map(\.ciphertext) == [[2], [1]])
        #expect(secrets[0].expiresAt == nil)
        #expect(secrets[1].expiresAt.map { $0 > second.createdAt + .seconds(3500) } == true)
        // At once: neither the second nor the first, which would have had an hour, is accepted any more.
        _ = try await rotate(3, .zero)
        secrets = try await store.secrets(of: fixture.trigger, in: fixture.workspace)
        #expect(secrets.map(\.ciphertext) == [[3]])
        let live = try await store.loadLiveConfiguration()
        #expect(live.flows.first?.triggers.first?.secrets.map(\.ciphertext) == [[3]])
        let deleted = try await store.deleteExpiredSecrets()
        #expect(deleted == 2)
      }
    }
  }

  @Test func aNodeThatGoesTakesItsTriggerAlong() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        var change = FlowChange(
          workspace: fixture.workspace, flow: fixture.flow.id, name: "orders", draft: Array("{}".utf8), expectedRevision: 1,
          deletedTriggers: [.random()])
        await #expect(throws: StoreError.notFound(.trigger)) { _ = try await store.apply(change) }
        change.deletedTriggers = [fixture.trigger]
        // A node of the same name gets a trigger of its own.
        change.createdTriggers = [NewTrigger(id: .random(), node: "hook", key: TriggerKey.generate())]
        _ = try await store.apply(change)
        let triggers = try await store.triggers(of: fixture.flow.id, in: fixture.workspace)
        #expect(triggers.count == 1)
        #expect(triggers.first?.id != fixture.trigger)
      }
    }
  }
}

@Suite struct AuditTests {
  private func entry(_ workspace: UniqueID, _ action: String) -> AuditEntry {
    AuditEntry(
      workspace: workspace, principal: "ada", peer: "127.0.0.1", action: action, object: "orders/hook",
      details: Array(#"{"reason":"test"}"#.utf8))
  }

  @Test(arguments: ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"])
  func rowsAreOnlyEverAdded(script: String) async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        try await store.record(entry(fixture.workspace, "test"))
        let error = await #expect(throws: PostgresError.self) { try await administer(database, script) }
        #expect(error?.sqlState == "42501", "\(String(describing: error))")
        let rows = try await store.auditLog(in: fixture.workspace, limit: 10)
        #expect(rows.map(\.entry.action) == ["test"])
      }
    }
  }

  @Test func anActIsRecordedWithItOrNotAtAll() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        _ = try await store.setTrigger(
          fixture.trigger, in: fixture.workspace, enabled: false, audit: entry(fixture.workspace, "trigger.disable"))
        _ = try await store.secrets(
          of: fixture.trigger, in: fixture.workspace, audit: entry(fixture.workspace, "trigger.reveal"))
        await #expect(throws: StoreError.notFound(.trigger)) {
          _ = try await store.setTrigger(
            .random(), in: fixture.workspace, enabled: false, audit: entry(fixture.workspace, "never"))
        }
        var bad = entry(fixture.workspace, "never")
        bad.details = Array("not json".utf8)
        await #expect(throws: StoreError.self) {
          _ = try await store.setTrigger(fixture.trigger, in: fixture.workspace, enabled: true, audit: bad)
        }
        let trigger = try await store.trigger(fixture.trigger, in: fixture.workspace)
        #expect(trigger?.isEnabled == false)
        let rows = try await store.auditLog(in: fixture.workspace, limit: 10)
        #expect(rows.map(\.entry.action) == ["trigger.reveal", "trigger.disable"])
        #expect(rows.first?.entry == entry(fixture.workspace, "trigger.reveal"))
        let older = try await store.auditLog(in: fixture.workspace, before: rows.first?.id, limit: 10)
        #expect(older.map(\.entry.action) == ["trigger.disable"])
      }
    }
  }
}

import Identifiers
import Postgres
import Store
import Testing
import TestSupport

@Suite struct ChangeFeedTests {
  @Test func everyChangeOfTheConfigurationIsHeard() async throws {
    try await withDatabase { database in
      try await withStore(on: database) { store in
        let fixture = try await Fixture.make(store)
        let feed = ChangeFeed(database.configuration, logger: .silent)
        var changes = feed.changes().makeAsyncIterator()
        feed.start()
        #expect(await changes.next() == .mayHaveMissed)
        let ofFlow = StoreChange.flow(fixture.flow.id, workspace: fixture.workspace)

        _ = try await store.setTrigger(fixture.trigger, in: fixture.workspace, enabled: false)
        #expect(await changes.next() == ofFlow)
        let secret = SecretRow(trigger: fixture.trigger, id: .random(), ciphertext: [1])
        _ = try await store.rotateSecret(SecretRotation(workspace: fixture.workspace, added: secret, overlap: .zero))
        #expect(await changes.next() == ofFlow)
        let change = FlowChange(
          workspace: fixture.workspace, flow: fixture.flow.id, name: "orders", draft: Array("{}".utf8), expectedRevision: 1)
        _ = try await store.apply(change)
        #expect(await changes.next() == ofFlow)
        // What is rolled back is not told.
        await #expect(throws: StoreError.self) { _ = try await store.apply(change) }
        _ = try await store.publishFlow(fixture.flow.id, in: fixture.workspace, expectedRevision: nil, by: "tests")
        #expect(await changes.next() == ofFlow)
        try await store.insertDataKey(
          DataKeyRow(workspace: fixture.workspace, version: 1, masterKeyVersion: 1, wrapped: [1]))
        #expect(await changes.next() == .workspace(fixture.workspace))
        try await store.deleteFlow(fixture.flow.id, in: fixture.workspace)
        #expect(await changes.next() == ofFlow)
        // Of a later version of this program.
        try await administer(database, "NOTIFY headgate_config, 'novelty 1 2 3'")
        #expect(await changes.next() == .mayHaveMissed)
        await feed.shutDown()
        #expect(await changes.next() == nil)
      }
    }
  }

  @Test func everyReplicaHearsOfReadyRuns() async throws {
    try await withDatabase { database in
      let one = ChangeFeed(database.configuration, logger: .silent)
      let other = ChangeFeed(database.configuration, logger: .silent)
      var oneRuns = one.readyRuns().makeAsyncIterator()
      var otherRuns = other.readyRuns().makeAsyncIterator()
      one.start()
      other.start()
      #expect(await oneRuns.next() == .mayHaveMissed)
      #expect(await otherRuns.next() == .mayHaveMissed)
      let workspace = UniqueID.random()
      for _ in 0..<100 { one.runsBecameReady(in: workspace) }
      #expect(await otherRuns.next() == .workspace(workspace))
      #expect(await oneRuns.next() == .workspace(workspace))
      await one.shutDown()
      await other.shutDown()
    }
  }

  @Test func aConsumerThatIsTooSlowIsTold() async throws {
    try await withDatabase { database in
      let feed = ChangeFeed(database.configuration, logger: .silent)
      let lazy = feed.changes()
      var diligent = feed.changes().makeAsyncIterator()
      feed.start()
      #expect(await diligent.next() == .mayHaveMissed)
      let script = (0..<400).map { _ in "SELECT pg_notify('headgate_config', 'workspace \(UniqueID.random())');" }.joined()
      try await administer(database, script)
      try await administer(database, "NOTIFY headgate_config, 'all'")
      // The last one has come: so have all before it.
      var heard = 0
      while await diligent.next() != .mayHaveMissed { heard += 1 }
      await feed.shutDown()
      var seen: [StoreChange] = []
      for await change in lazy { seen.append(change) }
      #expect(seen.count < 400)
      #expect(seen.contains(.mayHaveMissed))
    }
  }
}

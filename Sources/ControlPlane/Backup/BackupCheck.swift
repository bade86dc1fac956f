import HeadgateProto
import Identifiers
import Observability
import Postgres
package import Store
package import TokenVault

/// Looks whether a restored database is whole: its schema is this program's, every secret opens with the master keys at
/// hand, requests and runs have the same day partitions. Changes nothing and shows no secret.
package struct BackupCheck: Sendable {
  /// One thing that was looked at.
  package struct Finding: Sendable, Equatable {
    package var isGood: Bool
    /// Such as "secrets".
    package var subject: String
    package var text: String
  }

  /// Secrets that do not open and are named; of more only the number is told.
  private static let namedSecrets = 20

  private let store: Store
  private let masterKeys: MasterKeys

  /// - Parameter store: connected; its sessions should be read-only.
  package init(store: Store, masterKeys: MasterKeys) {
    self.store = store
    self.masterKeys = masterKeys
  }

  /// Everything in the order of looking. After a schema that is not this program's nothing else is looked at.
  ///
  /// - Throws: `StoreError` when the database cannot be read.
  package func run() async throws -> [Finding] {
    let schema = try await schema()
    guard schema.isGood else { return [schema] }
    let contents = try await store.contents()
    return [schema] + (try await secrets()) + [partitions(contents)] + counts(contents)
  }

  private func schema() async throws(StoreError) -> Finding {
    let version = try await store.schemaVersion()
    do {
      try await store.checkSchema()
      return Finding(isGood: true, subject: "schema", text: "version \(version)")
    } catch {
      guard let advice = SchemaAdvice.text(for: error) else { throw error }
      return Finding(isGood: false, subject: "schema", text: advice)
    }
  }

  private func secrets() async throws -> [Finding] {
    let keys = WorkspaceKeys(masterKeys: masterKeys, store: store)
    var findings: [Finding] = []
    var dataKeys = 0
    var opened = 0
    var failed: [String] = []
    for workspace in try await store.workspaces() {
      let rows = try await store.dataKeys(of: workspace.id)
      dataKeys += rows.count
      let missing = keys.missingMasterKeys(of: rows)
      var vault: WorkspaceVault?
      if missing.isEmpty {
        do {
          vault = try keys.install(rows, of: workspace.id)
        } catch {
          let text = "those of workspace \(workspace.name) do not open with the master keys at hand: \(error)"
          findings.append(Finding(isGood: false, subject: "data keys", text: text))
        }
      } else {
        let versions = missing.map(String.init).joined(separator: ", ")
        let text = "those of workspace \(workspace.name) need master key version \(versions), which is not at hand"
        findings.append(Finding(isGood: false, subject: "data keys", text: text))
      }
      for trigger in try await triggers(of: workspace.id) {
        for secret in try await store.secrets(of: trigger.id, in: workspace.id) {
          if let vault, (try? TriggerSecrets.open(secret, vault)) != nil {
            opened += 1
          } else {
            failed.append("\(workspace.name)/\(trigger.id)")
          }
        }
      }
    }
    if findings.isEmpty { findings = [Finding(isGood: true, subject: "data keys", text: "\(dataKeys), all unwrapped")] }
    if failed.isEmpty { return findings + [Finding(isGood: true, subject: "secrets", text: "\(opened), all opened")] }
    let named = failed.prefix(Self.namedSecrets).joined(separator: ", ") + (failed.count > Self.namedSecrets ? ", …" : "")
    let text = "\(failed.count) of \(opened + failed.count) do not open; triggers: \(named)"
    return findings + [Finding(isGood: false, subject: "secrets", text: text)]
  }

  private func triggers(of workspace: UniqueID) async throws(StoreError) -> [TriggerRow] {
    var triggers: [TriggerRow] = []
    var after: String?
    while true {
      let flows = try await store.flows(in: workspace, after: after, limit: 100)
      for flow in flows { triggers += try await store.triggers(of: flow.id, in: workspace) }
      guard let last = flows.last else { return triggers }
      after = last.name
    }
  }

  private func partitions(_ contents: DatabaseContents) -> Finding {
    // Runs may outlive their requests: a day with unfinished ones is kept. The other way round a table is missing.
    let uneven = contents.partitions.filter { $0.hasRequests && !$0.hasRuns }.map(\.day)
    guard let first = contents.partitions.first, let last = contents.partitions.last else {
      return Finding(isGood: false, subject: "partitions", text: "there are none")
    }
    if !uneven.isEmpty {
      let text = "of \(contents.partitions.count) days these have requests and no runs: \(uneven.joined(separator: ", "))"
      return Finding(isGood: false, subject: "partitions", text: text)
    }
    return Finding(isGood: true, subject: "partitions", text: "\(contents.partitions.count) days, \(first.day) to \(last.day)")
  }

  private func counts(_ contents: DatabaseContents) -> [Finding] {
    let objects = "\(contents.workspaces) workspaces, \(contents.flows) flows, \(contents.triggers) triggers"
    let rows = "\(contents.requests) requests, \(contents.runs) runs"
    let newest = contents.newestRequest.map { WallTime(microseconds: $0.microseconds).description } ?? "none"
    return [
      Finding(isGood: contents.workspaces > 0, subject: "objects", text: objects),
      Finding(isGood: true, subject: "rows", text: rows), Finding(isGood: true, subject: "newest request", text: newest),
    ]
  }
}

import HeadgateProto
import Identifiers
import Observability
import Postgres
package import Store
package import TokenVault

/// Looks whether a restored database is whole: its schema is this program's, with every table, index and constraint; the role at
/// hand may do what serving takes; everything that is encrypted opens with the master keys at hand; requests and runs have the
/// same day partitions. Changes nothing and shows no secret.
package struct BackupCheck: Sendable {
  /// One thing that was looked at.
  package struct Finding: Sendable, Equatable {
    package var isGood: Bool
    /// Such as "secrets".
    package var subject: String
    package var text: String
  }

  /// Things that are named; of more only the number is told.
  private static let named = 20
  /// Ciphertexts that are read at a time.
  private static let batch = 1000
  /// A version that no data key has: so that those of every version are read.
  private static let noVersion = UInt32.max

  private let store: Store
  private let masterKeys: MasterKeys

  /// - Parameter store: connected; its sessions should be read-only.
  package init(store: Store, masterKeys: MasterKeys) {
    self.store = store
    self.masterKeys = masterKeys
  }

  /// Everything in the order of looking. What cannot be looked at because of what was found before is left out.
  ///
  /// - Throws: `StoreError` when the database cannot be read.
  package func run() async throws -> [Finding] {
    let rights = try await rights()
    guard rights.canRead else { return [rights.finding] }
    let schema = try await schema()
    guard schema.isGood else { return [schema] }
    let structure = try await structure()
    guard structure.isComplete else { return [schema, rights.finding, structure.finding] }
    let contents = try await store.contents()
    return [schema, rights.finding, structure.finding] + (try await sealed())
      + (try await access()) + [partitions(contents)] + counts(contents)
  }

  // MARK: Schema

  private func rights() async throws(StoreError) -> (finding: Finding, canRead: Bool) {
    let missing = try await store.missingRights()
    if missing.isEmpty {
      return (Finding(isGood: true, subject: "rights", text: "the role at hand may do what serving takes"), true)
    }
    let text =
      "the role at hand lacks \(Self.list(missing.map { "\($0.right) on \($0.name)" })); "
      + "headgate-control migrate --grant-to ROLE gives them"
    return (Finding(isGood: false, subject: "rights", text: text), !missing.contains { $0.right == "SELECT" })
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

  private func structure() async throws(StoreError) -> (finding: Finding, isComplete: Bool) {
    let unusable = try await store.unusableStatements()
    let defects = try await store.structuralDefects()
    if unusable.isEmpty, defects.isEmpty {
      return (Finding(isGood: true, subject: "structure", text: "every table, index and constraint is there"), true)
    }
    let text = Self.list(unusable + defects.map { "\($0.kind) \($0.name) is missing or not valid" })
    return (Finding(isGood: false, subject: "structure", text: text), unusable.isEmpty)
  }

  // MARK: What is encrypted

  /// What was opened of a kind.
  private struct Tally {
    var opened = 0
    /// Names of what does not open.
    var failed: [String] = []
    var failures = 0

    mutating func note(_ isOpen: Bool, _ name: @autoclosure () -> String) {
      if isOpen { return opened += 1 }
      failures += 1
      if failed.count < BackupCheck.named { failed.append(name()) }
    }

    func finding(_ subject: String, named kind: String) -> Finding {
      if failures == 0 { return Finding(isGood: true, subject: subject, text: "\(opened), all opened") }
      let names = failed.joined(separator: ", ") + (failures > failed.count ? ", …" : "")
      let text = "\(failures) of \(opened + failures) do not open; \(kind): \(names)"
      return Finding(isGood: false, subject: subject, text: text)
    }
  }

  private func sealed() async throws -> [Finding] {
    let keys = WorkspaceKeys(masterKeys: masterKeys, store: store)
    var findings: [Finding] = []
    var dataKeys = 0
    var (secrets, variables, requests) = (Tally(), Tally(), Tally())
    for workspace in try await store.workspaces() {
      let rows = try await store.dataKeys(of: workspace.id)
      dataKeys += rows.count
      var vault: WorkspaceVault?
      let missing = keys.missingMasterKeys(of: rows)
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
      for kind in SealedCursor.all {
        try await each(kind, of: workspace.id) { row in
          let isOpen = row.context.map { (try? vault?.open(row.ciphertext, context: $0)) != nil } ?? false
          switch row.place {
          case .trigger(let trigger, _, _): secrets.note(isOpen, "\(workspace.name)/\(trigger)")
          case .variable(let name): variables.note(isOpen, "\(workspace.name)/\(name)")
          case .request(let request, _): requests.note(isOpen, "\(workspace.name)/\(request)")
          }
        }
      }
    }
    if findings.isEmpty { findings = [Finding(isGood: true, subject: "data keys", text: "\(dataKeys), all unwrapped")] }
    return findings + [
      secrets.finding("secrets", named: "triggers"), variables.finding("variables", named: "variables"),
      requests.finding("sealed requests", named: "requests"),
    ]
  }

  /// Calls with each ciphertext of a kind.
  private func each(_ kind: SealedCursor, of workspace: UniqueID, _ body: (SealedRow) -> Void) async throws(StoreError) {
    var cursor = kind
    while true {
      let rows = try await store.sealedRows(in: workspace, notWith: Self.noVersion, after: cursor, limit: Self.batch)
      guard let last = rows.last else { return }
      for row in rows { body(row) }
      cursor = last.cursor
    }
  }

  // MARK: What is not

  private func access() async throws(StoreError) -> [Finding] {
    let held = try await store.accessContents()
    let keys =
      held.unusableAPIKeys == 0
      ? "\(held.apiKeys)" : "\(held.unusableAPIKeys) of \(held.apiKeys + held.unusableAPIKeys) have no hash or no role"
    return [
      Finding(isGood: held.unusableAPIKeys == 0, subject: "API keys", text: keys),
      Finding(isGood: true, subject: "certificates", text: "\(held.certificates) seen, \(held.revokedCertificates) revoked"),
      Finding(isGood: true, subject: "audit log", text: "\(held.auditRows) rows"),
    ]
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

  private static func list(_ items: [String]) -> String {
    items.prefix(named).joined(separator: ", ") + (items.count > named ? ", and \(items.count - named) more" : "")
  }
}

import HeadgateProto
import Identifiers
import Store
import TokenVault

/// Encrypts the secrets of a workspace, and what was sealed with its requests, anew with its current data key, in small
/// transactions, while they are in use.
///
/// A replica that has not heard of the new key may seal with the old one for a moment. So the passes go on, with a pause
/// between them, until one finds nothing that another had not given up; what is left after the last pass opens all the
/// same, for data keys are kept.
struct KeyRotation: Sendable {
  /// How it goes about it.
  struct Pace: Sendable {
    /// Secrets in one transaction.
    var batch = 100
    /// Before a further pass: longer than it takes replicas to hear of the new key.
    var pause = Duration.seconds(1)
    var passes = 5
  }

  /// What came of it.
  struct Outcome: Sendable {
    var resealed = 0
    /// Secrets that do not open: they stay as they are.
    var unreadable = 0
  }

  let store: Store
  let pace: Pace

  /// - Parameter progress: told after each transaction how many have been done.
  /// - Throws: `RPCError`; what was done until then stays done.
  func run(
    in workspace: UniqueID, _ vault: WorkspaceVault, _ keys: WorkspaceKeys, progress: (Int) async throws -> Void
  ) async throws -> Outcome {
    guard let version = vault.current?.version else { return Outcome() }
    var outcome = Outcome()
    for pass in 0..<pace.passes {
      if pass > 0 { try await Task.sleep(for: pace.pause) }
      var unreadable = 0
      var found = 0
      for kind in SealedCursor.all {
        var cursor = kind
        while true {
          try Task.checkCancellation()
          let (position, limit) = (cursor, pace.batch)
          let rows = try await store.answer { store throws(StoreError) in
            try await store.sealedRows(in: workspace, notWith: version, after: position, limit: limit)
          }
          guard let last = rows.last else { break }
          cursor = last.cursor
          found += rows.count
          let resealed = try await reseal(rows, in: workspace, vault, keys)
          unreadable += rows.count - resealed.count
          let replaced = try await store.answer { store throws(StoreError) in try await store.reseal(resealed, in: workspace) }
          outcome.resealed += replaced
          try await progress(outcome.resealed)
        }
      }
      outcome.unreadable = unreadable
      if found == unreadable, pass > 0 { break }
    }
    return outcome
  }

  /// The rows that open, with what they are to become.
  private func reseal(
    _ rows: [SealedRow], in workspace: UniqueID, _ vault: WorkspaceVault, _ keys: WorkspaceKeys
  ) async throws(RPCError) -> [(read: SealedRow, sealed: [UInt8])] {
    // Ciphertexts of a key that was added since are opened too.
    let opening = try await keys.vault(opening: rows.map(\.ciphertext), of: workspace)
    return rows.compactMap { row in
      guard let context = row.context, let secret = try? opening.open(row.ciphertext, context: context),
        let sealed = try? row.seal(secret, context, vault)
      else { return nil }
      return (row, sealed)
    }
  }
}

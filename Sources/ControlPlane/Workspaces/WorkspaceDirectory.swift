package import HeadgateProto
import Identifiers
package import Store
import Synchronization

/// Finds the workspace of a call. Workspaces are never renamed or deleted, so that what was once found is remembered.
package final class WorkspaceDirectory: Sendable {
  /// The workspace that exists from the first start on.
  package static let standardName = "default"

  private let store: Store
  private let known = Mutex<[String: WorkspaceRow]>([:])

  package init(store: Store) { self.store = store }

  /// Notes workspaces that were read elsewhere.
  package func remember(_ rows: [WorkspaceRow]) {
    known.withLock { known in for row in rows { known[row.name] = row } }
  }

  /// The workspace that a call means: the one it names, else the caller's own, else the default one.
  ///
  /// - Throws: `notFound`, in the same words for one that does not exist and one that the caller may not see.
  package func workspace(_ name: String, for principal: Principal) async throws(RPCError) -> WorkspaceRow {
    let wanted = name.isEmpty ? principal.workspace ?? Self.standardName : name
    guard Self.isWellFormed(wanted) else {
      throw RPCError(
        .invalidArgument, "workspace is not a name", faults: [Fault(path: "workspace", code: "invalid_value", message: Self.rule)]
      )
    }
    let missing = RPCError(.notFound, "there is no workspace \(wanted)")
    if let own = principal.workspace, own != wanted { throw missing }
    if let row = known.withLock({ $0[wanted] }) { return row }
    guard let row = try await store.answer({ (store) throws(StoreError) in try await store.workspace(named: wanted) }) else {
      throw missing
    }
    remember([row])
    return row
  }

  /// 1 to 63 of [a-z0-9-], starting with a letter.
  package static func isWellFormed(_ name: String) -> Bool {
    let bytes = name.utf8
    guard (1...63).contains(bytes.count), let first = bytes.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
      return false
    }
    return bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
      default: false
      }
    }
  }

  static let rule = "must be 1 to 63 of a-z, 0-9 and -, starting with a letter"
}

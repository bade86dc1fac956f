package import Cryptography
package import HeadgateProto
package import Identifiers
import NIOCore

/// Makes and reads the cursors of lists: opaque text that only the same query of the same workspace accepts.
///
/// A cursor is base64url(position ‖ the first 16 bytes of HMAC-SHA-256(key, list ‖ 0 ‖ workspace ‖ query ‖ position)). The
/// key is the same in every replica, so that a page can be fetched from any of them.
package struct CursorSeal: Sendable {
  private static let tagLength = 16
  /// Longest position of any list, in bytes.
  private static let positionLimit = 256

  private let key: SecretBytes

  /// - Parameter key: 32 bytes.
  package init(key: SecretBytes) { self.key = key }

  /// What a cursor belongs to.
  package struct Scope: Sendable {
    let list: String
    let workspace: UniqueID
    /// The query, encoded, without its cursor and page size.
    let query: [UInt8]

    /// - Parameters:
    ///   - list: name of the method.
    ///   - query: the request with cursor and page size left empty.
    package init(list: String, workspace: UniqueID, query: some ProtoMessage) {
      self.list = list
      self.workspace = workspace
      var buffer = ByteBuffer()
      query.encode(into: &buffer)
      self.query = Array(buffer.readableBytesView)
    }
  }

  /// The cursor for a position.
  package func seal(_ position: [UInt8], _ scope: Scope) -> String {
    Base64.encode(position + tag(position, scope), alphabet: .urlSafe, padding: .absent)
  }

  /// The position of a cursor; `nil` for an empty one (the first page).
  ///
  /// - Throws: `invalidArgument` for text that this was not made by, or that was made for another query.
  package func open(_ cursor: String, _ scope: Scope) throws(RPCError) -> [UInt8]? {
    if cursor.isEmpty { return nil }
    guard cursor.utf8.count <= 2 * Self.positionLimit,
      let bytes = Base64.decode(cursor, alphabet: .urlSafe, padding: .absent), bytes.count >= Self.tagLength
    else { throw Self.invalid }
    let position = Array(bytes.dropLast(Self.tagLength))
    guard constantTimeEqual(Array(bytes.suffix(Self.tagLength)), tag(position, scope)) else { throw Self.invalid }
    return position
  }

  private func tag(_ position: [UInt8], _ scope: Scope) -> [UInt8] {
    var code = HMAC(.sha256, key: key)
    code.update(scope.list)
    code.update([0])
    code.update(scope.workspace.bytes)
    code.update(Digest.of(scope.query, .sha256))
    code.update(position)
    return Array(code.finish().prefix(Self.tagLength))
  }

  /// Also for a position that is authentic but that the list cannot read.
  static let invalid = RPCError(
    .invalidArgument, "cursor is not one of this query",
    faults: [Fault(path: "cursor", code: "invalid_value", message: "cursor is not one of this query; start without one")])
}

extension CursorSeal {
  /// The position of a list that is ordered by identifier.
  package func openID(_ cursor: String, _ scope: Scope) throws(RPCError) -> UniqueID? {
    guard let position = try open(cursor, scope) else { return nil }
    guard let id = UniqueID(bytes: position) else { throw Self.invalid }
    return id
  }

  /// Cuts the rows of a page, of which one more was read than wanted, and gives the cursor of the next page; empty: none.
  func cut<Row>(_ rows: inout [Row], to size: Int, _ scope: Scope, position: (Row) -> [UInt8]) -> String {
    guard rows.count > size else { return "" }
    rows.removeLast(rows.count - size)
    return rows.last.map { seal(position($0), scope) } ?? ""
  }
}

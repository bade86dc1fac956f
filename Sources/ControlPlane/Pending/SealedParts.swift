import Addresses
import Cryptography
import HeadgateProto
import Identifiers
import NIOCore
import Postgres
package import Rules
package import Store
import TokenVault

/// Keeps what redaction takes out of a request, where the request is to be verified again: encrypted with the workspace's data
/// key and bound to the request's row.
///
/// It is an encoded `HeaderList`: the header fields as they came, in their order, and the query as one field `:query`.
package struct SealedParts: Sendable {
  private static let field = "request"
  private static let queryName = Array(":query".utf8)

  private let keys: WorkspaceKeys

  package init(keys: WorkspaceKeys) { self.keys = keys }

  /// Whether a request that ended like this may be verified again with what it came with.
  static func areKept(_ outcome: RequestOutcome, _ cause: RefusalCause?, _ mode: AuthenticationMode) -> Bool {
    switch outcome {
    case .pending: return true
    case .rejected: break
    case .accepted, .unrouted, .duplicate, .handshake, .captured: return false
    }
    switch mode {
    case .bearer, .header, .query, .basic: break
    case .hmac, .ed25519, .ecdsaP256, .open: return false
    }
    switch cause {
    case .credentialMissing, .credentialWrong, .credentialDoubled: return true
    default: return false
    }
  }

  /// What was taken out, sealed; `nil`: nothing was, or the workspace has no data key here.
  func seal(_ decision: Decision, of request: IncomingRequest, _ entry: LiveEntry) -> [UInt8]? {
    var parts: [Header] = []
    // Redaction replaces values and leaves the fields where they are.
    for (original, stored) in zip(request.headers, decision.storedHeaders) where original.value != stored.value {
      parts.append(Header(name: original.name, value: original.value))
    }
    if decision.storedQuery != request.query { parts.append(Header(name: Self.queryName, value: request.query)) }
    guard !parts.isEmpty, let vault = keys.known(entry.workspace) else { return nil }
    let plaintext = SecretBytes(copying: HeaderList(headers: parts).encoded)
    // Whoever knows the URL decides how many of these there are.
    return try? vault.sealMany(plaintext, context: Self.context(entry.trigger, request.id))
  }

  /// Why a request cannot be had as it came.
  package enum Loss: Error, Sendable {
    /// It was sealed with a data key that this process has not heard of yet.
    case keyUnknown
    /// What was taken out of it does not open, or it is not of a known form.
    case unreadable
  }

  /// A recorded request as it came, as far as that is known.
  ///
  /// - Parameters:
  ///   - key: of the trigger, for schemes that sign the URL.
  ///   - baseURL: of the edge nodes, for the same.
  package func restored(_ row: RequestRow, key: [UInt8], baseURL: [UInt8]) throws(Loss) -> IncomingRequest {
    guard let stored = try? HeaderList(decoding: ByteBuffer(bytes: row.headers)) else { throw .unreadable }
    var headers = stored.headers.map { HeaderField(name: $0.name, value: $0.value) }
    var query = row.query
    if let sealed = row.sealed {
      guard let vault = keys.known(row.workspace) else { throw .keyUnknown }
      let opened: SecretBytes
      do throws(VaultError) {
        opened = try vault.open(sealed, context: Self.context(row.trigger, row.id))
      } catch {
        if case .unknownDataKey = error { throw .keyUnknown }
        throw .unreadable
      }
      guard let parts = try? HeaderList(decoding: ByteBuffer(bytes: opened.revealed())) else { throw .unreadable }
      var index = headers.startIndex
      for part in parts.headers {
        if part.name == Self.queryName {
          query = part.value
          continue
        }
        while index < headers.endIndex, headers[index].name != part.name || headers[index].value != Redactions.replacement {
          index += 1
        }
        guard index < headers.endIndex else { throw .unreadable }
        headers[index].value = part.value
        index += 1
      }
    }
    return IncomingRequest(
      id: row.id, method: row.method, path: row.path, query: query, headers: headers, body: row.body ?? [],
      clientAddress: IPAddress(bytes: row.clientAddress), receivedAtUs: row.receivedAt.microseconds, baseURL: baseURL,
      triggerKey: key)
  }

  static func context(_ trigger: UniqueID, _ request: UniqueID) -> SecretContext {
    SecretContext(trigger: trigger.bytes, field: field, record: request.bytes)
  }
}

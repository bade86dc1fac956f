import HeadgateProto

/// What a call's metadata says in `authorization` (RFC 6750 §2.1).
enum BearerCredential: Equatable {
  /// Nothing.
  case none
  /// Something else than one bearer token: never taken for nothing.
  case malformed
  case apiKey(String)

  init(_ metadata: [CallMetadata]) {
    self = .none
    for entry in metadata where Self.isAuthorization(entry) {
      guard self == .none, let key = Self.key(in: entry.value) else {
        self = .malformed
        return
      }
      self = .apiKey(key)
    }
  }

  /// Whether the entry carries a credential; such entries do not reach handlers.
  static func isAuthorization(_ entry: CallMetadata) -> Bool { entry.key.lowercased() == "authorization" }

  private static func key(in value: String) -> String? {
    let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].isEmpty else { return nil }
    return String(parts[1])
  }
}

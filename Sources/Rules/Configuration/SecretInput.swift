/// What a flow file says about a trigger's secret. The value is taken out of the configuration and encrypted elsewhere.
package enum SecretInput: Hashable, Sendable {
  /// Nothing: the stored secret stays; a new trigger gets a generated one where its mode needs one.
  case none
  /// "generated": as `none`, said aloud.
  case generated
  /// "pending": the provider reveals it later.
  case pending
  /// A value set by hand. Never empty.
  case given([UInt8])

  /// Below this many bytes a secret set by hand gets a warning. Providers do give shorter ones.
  package static let shortBytes = 16
}

extension SecretInput: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The kind, never the value.
  package var description: String {
    switch self {
    case .none: "none"
    case .generated: "generated"
    case .pending: "pending"
    case .given: "given(redacted)"
    }
  }

  /// The kind, never the value.
  package var debugDescription: String { description }

  /// Shows no children, so that `dump` prints no value.
  package var customMirror: Mirror { Mirror(self, children: []) }
}

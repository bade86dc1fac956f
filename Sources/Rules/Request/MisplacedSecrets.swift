package import Cryptography

/// Takes a trigger's own secrets out of a refused request before it is stored.
///
/// A caller may send the right credential in the wrong place (another parameter, another header field): it is refused, but
/// whoever reads the log of refused requests must not learn the secret from it.
package struct MisplacedSecrets {
  private let secrets: [[UInt8]]

  /// Shorter secrets are not looked for: they would be found in unrelated text.
  package static let minimumLength = 8

  package init(_ secrets: [SecretBytes]) {
    self.secrets = secrets.filter { $0.count >= Self.minimumLength }.map { $0.revealed() }
  }

  /// The fields, with the values that hold a secret replaced.
  package func removed(fromHeaders fields: [HeaderField]) -> [HeaderField] {
    fields.map { holdsSecret($0.value) ? HeaderField(name: $0.name, value: Redactions.replacement) : $0 }
  }

  /// The query, with each parameter that holds a secret, as it is or percent-encoded, replaced.
  package func removed(fromQuery query: [UInt8]) -> [UInt8] {
    guard !secrets.isEmpty, !query.isEmpty else { return query }
    let pairs = query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map { pair -> ArraySlice<UInt8> in
      guard isHeld(in: pair) else { return pair }
      // The name helps the owner to find the fault, if it is only the value that holds the secret.
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), isHeld(in: pair[(equals + 1)...]), !isHeld(in: pair[..<equals])
      else { return Redactions.replacement[...] }
      return pair[...equals] + Redactions.replacement
    }
    return Array(pairs.joined(separator: [UInt8(ascii: "&")]))
  }

  private func isHeld(in encoded: ArraySlice<UInt8>) -> Bool {
    holdsSecret(Array(encoded)) || holdsSecret(FormDecoding.decode(encoded))
  }

  private func holdsSecret(_ text: [UInt8]) -> Bool {
    secrets.contains { secret in
      guard text.count >= secret.count else { return false }
      return (0...(text.count - secret.count)).contains { text[$0..<($0 + secret.count)].elementsEqual(secret) }
    }
  }
}

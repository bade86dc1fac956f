extension JSONValue {
  /// JSON from the control plane as part of a result, digits kept; text that is no JSON becomes a string. Empty: null.
  package static func embedded(_ bytes: [UInt8]) -> JSONValue {
    if bytes.isEmpty { return .null }
    if let value = try? JSONReader.read(bytes) { return value.json }
    return .string(String(decoding: bytes, as: UTF8.self))
  }

  /// A time for scripts; null for 0.
  package static func time(_ microseconds: Int64) -> JSONValue {
    microseconds == 0 ? .null : .string(Timestamp(microseconds: microseconds).machineText)
  }

  /// Bytes from outside as text, or null when they are not UTF-8 (then a field in base 64 has them).
  package static func textIfUTF8(_ bytes: [UInt8]) -> JSONValue {
    String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .null
  }
}

/// The name of a proto enum's case as scripts write it: `credentialWrong` is "credential_wrong".
package func snakeCase(_ value: some Sendable) -> String {
  String(describing: value).reduce(into: "") { text, character in
    if character.isUppercase { text += "_" + character.lowercased() } else { text.append(character) }
  }
}

internal import Identifiers

/// The rules for names in a flow file.
package enum FlowNames {
  /// The longest name, in characters.
  package static let maximumLength = 64

  /// Flow names: what can stand before the "/" of FLOW/NODE and in a path of a URL; no id and no key, by which a flow or
  /// trigger is addressed too.
  ///
  /// - Returns: What is wrong, or `nil`.
  package static func fault(ofFlow name: String) -> String? {
    guard isName(name, extra: "._-") else {
      return "A flow's name is 1 to \(maximumLength) of a-z, A-Z, 0-9, \".\", \"_\" and \"-\", and begins with a letter or digit."
    }
    guard UniqueID(name) == nil, !name.hasPrefix(TriggerKey.prefix) else {
      return "A flow's name cannot look like an id or like a trigger's key."
    }
    return nil
  }

  /// Ids of nodes and cases: no ".", because connections are written `node.output`.
  ///
  /// - Returns: What is wrong, or `nil`.
  package static func fault(ofID id: String) -> String? {
    isName(id, extra: "_-")
      ? nil : "An id is 1 to \(maximumLength) of a-z, A-Z, 0-9, \"_\" and \"-\", and begins with a letter or digit."
  }

  /// Variables and constants: what can stand in a path without brackets, in every worker's language.
  ///
  /// - Returns: What is wrong, or `nil`.
  package static func fault(ofVariable name: String) -> String? {
    let isVariable =
      (1...maximumLength).contains(name.utf8.count)
      && name.utf8.allSatisfy { HTTPToken.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
      && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(name.utf8.first ?? 0)
    return isVariable ? nil : "A name is 1 to \(maximumLength) of a-z, A-Z, 0-9 and \"_\", and begins with no digit."
  }

  private static func isName(_ name: String, extra: String) -> Bool {
    guard (1...maximumLength).contains(name.utf8.count), let first = name.utf8.first, HTTPToken.isLetterOrDigit(first) else {
      return false
    }
    return name.utf8.allSatisfy { HTTPToken.isLetterOrDigit($0) || extra.utf8.contains($0) }
  }
}

/// How large a flow file may be.
package enum FlowLimits {
  /// Bytes of the file as JSON.
  package static let bytes = 1 << 20
  /// Arrays and objects inside each other.
  package static let depth = 64
  /// Nodes of a flow.
  package static let nodes = 500
  /// Connections of a flow.
  package static let connections = 2000
  /// Constants of a flow.
  package static let constants = 200
  /// Cases of a trigger.
  package static let cases = 200
  /// Mapped variables of a trigger.
  package static let mappings = 200
  /// Addresses and blocks of a trigger.
  package static let addresses = 1000
  /// Origins of a trigger.
  package static let origins = 100
  /// Header fields of a response.
  package static let responseHeaders = 32
  /// Bytes of a response's body.
  package static let responseBytes = 16_384
  /// Characters of a label.
  package static let label = 200
}

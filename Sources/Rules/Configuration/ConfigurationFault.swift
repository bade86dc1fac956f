/// One fault of a flow file: where, what kind, and what would be right.
package struct ConfigurationFault: Hashable, Sendable, Error {
  /// The kinds of fault; scripts compare the raw values.
  package enum Code: String, CaseIterable, Sendable {
    /// The text is not JSON.
    case invalidJSON = "invalid_json"
    /// A field that must be there is missing or empty.
    case required = "required"
    /// A field that does not exist at this place.
    case unknownField = "unknown_field"
    /// The value has another JSON type than the field.
    case wrongType = "wrong_type"
    /// The value is none that the field can have.
    case invalidValue = "invalid_value"
    /// The same identifier, variable, value or key a second time.
    case duplicate = "duplicate"
    /// A name that refers to nothing.
    case unknownReference = "unknown_reference"
    /// Two fields that exclude each other.
    case conflict = "conflict"
    /// More of something than a limit allows.
    case tooMany = "too_many"
    /// Longer or larger than a limit allows.
    case tooLong = "too_long"
  }

  /// Where, such as "nodes[0].map[2].from".
  package var path: String
  /// What kind.
  package var code: Code
  /// For people; says what would be right. Never contains a secret.
  package var message: String

  /// Makes a fault.
  package init(_ path: String, _ code: Code, _ message: String) {
    self.path = path
    self.code = code
    self.message = message
  }
}

extension ConfigurationFault: CustomStringConvertible {
  /// Path, message and code on one line.
  package var description: String { "\(path): \(message) (\(code.rawValue))" }
}

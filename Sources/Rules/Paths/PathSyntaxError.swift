/// Where and why a path or template is not one.
package struct PathSyntaxError: Error, Hashable, Sendable {
  /// Characters (UTF-8 bytes) before the fault.
  package let offset: Int
  /// What would be right.
  package let message: String

  /// Makes an error.
  package init(offset: Int, message: String) {
    self.offset = offset
    self.message = message
  }
}

extension PathSyntaxError: CustomStringConvertible {
  /// "at character 6: …"; the first character is 1.
  package var description: String { "at character \(offset + 1): \(message)" }
}

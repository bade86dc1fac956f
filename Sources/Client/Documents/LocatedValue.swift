/// A place in a text; both count from 1, columns count Unicode scalars.
package struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// "12:7", as compilers write it.
  package var description: String { "\(line):\(column)" }
}

/// A value of a configuration file together with the place where it was written.
package struct LocatedValue: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As RFC 8259 §6 spells it.
    case number(String)
    case string(String)
    case array([LocatedValue])
    case object([Member])
  }

  package struct Member: Hashable, Sendable {
    package var name: String
    package var namePosition: SourcePosition
    package var value: LocatedValue

    package init(name: String, namePosition: SourcePosition, value: LocatedValue) {
      self.name = name
      self.namePosition = namePosition
      self.value = value
    }
  }

  package var content: Content
  package var position: SourcePosition

  package init(_ content: Content, at position: SourcePosition) {
    self.content = content
    self.position = position
  }

  /// The value alone.
  package var json: JSONValue {
    switch content {
    case .null: .null
    case .bool(let value): .bool(value)
    case .number(let digits): .number(digits)
    case .string(let text): .string(text)
    case .array(let elements): .array(elements.map(\.json))
    case .object(let members): .object(members.map { JSONValue.Member($0.name, $0.value.json) })
    }
  }
}

/// A text that cannot be read as JSON or YAML.
package struct DocumentError: Error, Hashable, Sendable {
  package var position: SourcePosition?
  package var message: String

  package init(_ message: String, at position: SourcePosition?) {
    self.message = message
    self.position = position
  }
}

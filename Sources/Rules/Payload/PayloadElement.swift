package import JSON

/// One element of the list that a body is split at.
package enum PayloadElement: Sendable {
  /// `onceIsList`: what occurs once is no list, though it could be one, as in XML.
  case json(JSONValue, onceIsList: Bool)
  /// A text of a form, the query or the headers.
  case text([UInt8])
}

/// What a path leads to, as a list.
enum PayloadElements {
  /// The elements in order; may be none.
  case list([PayloadElement])
  /// A list that is longer than it may be.
  case tooMany(Int)
  /// Nothing, or no list.
  case absent

  /// The most elements that a body is split into.
  static let limit = 1000
}

extension Payload {
  /// The list that a path leads to.
  ///
  /// A list is a list of JSON, the texts of a field that occurs several times, and a text that holds a list of JSON. Where
  /// a format does not say that something is a list (XML, multipart, a form), what occurs once is a list of one.
  mutating func elements(at path: ValuePath) -> PayloadElements {
    switch value(at: path) {
    case .json(let value)?:
      if value.kind == .array { return Self.elements(value, onceIsList: onceIsList) }
      if let text = value.stringBytes, let list = EmbeddedJSON.document(text)?.root, list.kind == .array {
        return Self.elements(list, onceIsList: false)
      }
      return onceIsList && !value.isNull ? .list([.json(value, onceIsList: true)]) : .absent
    case .texts(let texts)?:
      return texts.count <= PayloadElements.limit ? .list(texts.map { .text($0) }) : .tooMany(texts.count)
    case .text(let text)?:
      if let list = EmbeddedJSON.document(text)?.root, list.kind == .array {
        return Self.elements(list, onceIsList: false)
      }
      // A field that occurs once; other texts, such as the method, are no lists.
      return path.steps.isEmpty ? .absent : .list([.text(text)])
    case .fields?, nil: return .absent
    }
  }

  private var onceIsList: Bool {
    switch body {
    case .multipart, .xml: true
    case .empty, .unread, .json, .form, .text, .binary: false
    }
  }

  private static func elements(_ list: JSONValue, onceIsList: Bool) -> PayloadElements {
    list.count <= PayloadElements.limit
      ? .list(list.elements.map { .json($0, onceIsList: onceIsList) }) : .tooMany(list.count)
  }
}

/// JSON that is written in a text.
enum EmbeddedJSON {
  /// The list or object that is all of a text; `nil` when it is none.
  static func document(_ text: [UInt8]) -> JSONDocument? {
    guard let first = text.first(where: { $0 > 0x20 }), first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else {
      return nil
    }
    return try? JSONDocument(text)
  }
}

package import JSON

/// One element of the list that a body is split at.
package enum PayloadElement: Sendable {
  /// `onceIsList`: what occurs once is no list, though it could be one, as in XML.
  case json(JSONValue, onceIsList: Bool)
  /// A text of a form, the query or the headers.
  case text([UInt8])
}

/// One element of the lists that a body is split at, and what it is in.
struct SplitElement {
  var value: PayloadElement
  /// The elements of the outer lists, the outermost first.
  var parents: [PayloadElement]
  /// The position of the path that led here among those of `split`.
  var path: Int
}

/// What the paths of `split` lead to.
enum PayloadElements {
  /// The elements in order, path by path; may be none. `lacking`: elements of outermost lists in which no path found a list.
  case list([SplitElement], lacking: Int)
  /// A list that is longer than it may be, or lists that are so together.
  case tooMany(Int)
  /// Nothing, or no list.
  case absent

  /// The most elements that a body is split into, at each level.
  static let limit = 1000
}

extension Payload {
  /// The elements of the lists that the paths lead to. What paths see as an element is unset afterwards.
  mutating func elements(at paths: [SplitPath]) -> PayloadElements {
    defer { leaveElement() }
    var found: [SplitElement] = []
    var hasList = false
    // By outermost list: how many elements it has, and in which of them a list was found.
    var outermost: [ValuePath: (count: Int, withList: Set<Int>)] = [:]
    for (number, path) in paths.enumerated() {
      leaveElement()
      // Each with its position in the outermost list.
      var level: [(top: Int, element: SplitElement)]
      switch list(at: path.levels[0]) {
      case .absent: continue
      case .tooMany(let count): return .tooMany(count)
      case .list(let values):
        level = values.enumerated().map { ($0.offset, SplitElement(value: $0.element, parents: [], path: number)) }
      }
      var tops = outermost[path.levels[0]] ?? (level.count, [])
      for (depth, inner) in path.levels.enumerated().dropFirst() {
        var next: [(top: Int, element: SplitElement)] = []
        for (top, outer) in level {
          enter(outer)
          switch list(at: inner) {
          case .absent: continue
          case .tooMany(let count): return .tooMany(count)
          case .list(let values):
            guard next.count + values.count <= PayloadElements.limit else { return .tooMany(next.count + values.count) }
            if depth == path.levels.count - 1 { tops.withList.insert(top) }
            let parents = outer.parents + [outer.value]
            next += values.map { (top, SplitElement(value: $0, parents: parents, path: number)) }
          }
        }
        level = next
      }
      if path.levels.count == 1 { tops.withList.formUnion(0..<tops.count) }
      outermost[path.levels[0]] = tops
      guard found.count + level.count <= PayloadElements.limit else { return .tooMany(found.count + level.count) }
      found += level.map(\.element)
      // A list without elements is one, though no inner list can be looked for in it.
      hasList = hasList || tops.count == 0 || !tops.withList.isEmpty
    }
    guard hasList else { return .absent }
    return .list(found, lacking: outermost.values.reduce(0) { $0 + $1.count - $1.withList.count })
  }

  /// What paths see as `element` and `parents` from now on.
  mutating func enter(_ element: SplitElement) {
    self.element = element.value
    parents = element.parents
  }

  /// Paths see no element any more.
  mutating func leaveElement() {
    element = nil
    parents = []
  }

  private enum List {
    case list([PayloadElement])
    case tooMany(Int)
    case absent
  }

  /// The list that a path leads to.
  ///
  /// A list is a list of JSON, the texts of a field that occurs several times, and a text that holds a list of JSON. Where
  /// a format does not say that something is a list (XML, multipart, a form), what occurs once is a list of one.
  private mutating func list(at path: ValuePath) -> List {
    switch value(at: path) {
    case .json(let value)?:
      if value.kind == .array { return Self.list(value, onceIsList: onceIsList) }
      if let text = value.stringBytes, let list = EmbeddedJSON.document(text)?.root, list.kind == .array {
        return Self.list(list, onceIsList: false)
      }
      return onceIsList && !value.isNull ? .list([.json(value, onceIsList: true)]) : .absent
    case .texts(let texts)?:
      return texts.count <= PayloadElements.limit ? .list(texts.map { .text($0) }) : .tooMany(texts.count)
    case .text(let text)?:
      if let list = EmbeddedJSON.document(text)?.root, list.kind == .array {
        return Self.list(list, onceIsList: false)
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

  private static func list(_ list: JSONValue, onceIsList: Bool) -> List {
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

/// The path of a field as faults name it: `nodes[0].map[2].from`, `nodes[hook].events.cases[approved].value`.
package struct FieldPath: Hashable, Sendable {
  package enum Step: Hashable, Sendable {
    /// A member of an object.
    case name(String)
    /// An element of an array by place.
    case index(Int)
    /// An element of an array by what identifies it.
    case identifier(String)
  }

  package var steps: [Step]

  /// Reads as much of the text as is a path; never fails, because a path that is not understood only costs the position.
  package init(_ text: String) {
    steps = []
    var rest = Substring(text)
    while let first = rest.first {
      if first == "." {
        rest.removeFirst()
      } else if first == "[" {
        rest.removeFirst()
        if rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") {
          steps.append(.name(String(rest[rest.index(after: rest.startIndex)..<end])))
          rest = rest[end...].dropFirst()
          if rest.first == "]" { rest.removeFirst() }
        } else {
          let inner = rest.prefix { $0 != "]" }
          steps.append(Int(inner).map { .index($0) } ?? .identifier(String(inner)))
          rest = rest[inner.endIndex...].dropFirst()
        }
      } else {
        let name = rest.prefix { $0 != "." && $0 != "[" }
        steps.append(.name(String(name)))
        rest = rest[name.endIndex...]
      }
    }
  }
}

extension LocatedValue {
  /// Where the field is written; where it is not, where the nearest thing around it is.
  ///
  /// - Parameter ofName: the place of the field's name instead of its value, for faults such as an unknown name.
  package func position(of path: FieldPath, ofName: Bool = false) -> SourcePosition {
    var value = self
    var position = position
    for step in path.steps {
      switch (step, value.content) {
      case (.name(let name), .object(let members)):
        guard let member = members.first(where: { $0.name == name }) else { return position }
        value = member.value
        position = ofName ? member.namePosition : member.value.position
      case (.index(let index), .array(let elements)) where elements.indices.contains(index):
        value = elements[index]
        position = value.position
      case (.identifier(let identifier), .array(let elements)):
        guard let element = elements.first(where: { $0.isIdentified(by: identifier) }) else { return position }
        value = element
        position = value.position
      default: return position
      }
    }
    return position
  }

  /// The fields that identify an element of a list in a flow file.
  private func isIdentified(by identifier: String) -> Bool {
    guard case .object(let members) = content else { return content == .string(identifier) }
    return members.contains { ["id", "variable", "name"].contains($0.name) && $0.value.content == .string(identifier) }
  }
}

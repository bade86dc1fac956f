internal import JSON

/// One difference between two flows.
package struct DefinitionChange: Hashable, Sendable {
  /// Such as "nodes[hook].events.cases[approved].value".
  package var path: String
  /// Canonical JSON; empty: was not there.
  package var before: [UInt8]
  /// Canonical JSON; empty: is not there any more.
  package var after: [UInt8]

  /// Makes a difference.
  package init(path: String, before: [UInt8], after: [UInt8]) {
    self.path = path
    self.before = before
    self.after = after
  }
}

extension FlowDefinition {
  /// What differs from an older definition, in the order of this one; what is gone stands at the end of its list.
  ///
  /// - Parameter older: `nil`: there was none, and everything is new.
  package func changes(from older: FlowDefinition?) -> [DefinitionChange] {
    guard let older else { return [DefinitionChange(path: "flow", before: [], after: canonicalJSON)] }
    guard older.canonicalJSON != canonicalJSON,
      let before = try? JSONDocument(older.canonicalJSON), let after = try? JSONDocument(canonicalJSON)
    else { return [] }
    var changes: [DefinitionChange] = []
    Self.compare(before.root, after.root, at: "", &changes)
    return changes
  }

  /// What names an element of a list; elements without one are compared as a whole list.
  private static let identifyingFields = ["id", "variable", "field", "from"]

  private static func compare(_ before: JSONValue, _ after: JSONValue, at path: String, _ changes: inout [DefinitionChange]) {
    guard !before.raw.elementsEqual(after.raw) else { return }
    switch (before.kind, after.kind) {
    case (.object, .object):
      compareMembers(before, after, at: path, &changes)
    case (.array, .array):
      guard let old = identified(before), let new = identified(after) else { fallthrough }
      compareElements(old, new, at: path, &changes)
    default:
      changes.append(DefinitionChange(path: path, before: Array(before.raw), after: Array(after.raw)))
    }
  }

  private static func compareMembers(
    _ before: JSONValue, _ after: JSONValue, at path: String, _ changes: inout [DefinitionChange]
  ) {
    let old = CanonicalJSON.members(of: before)
    let new = CanonicalJSON.members(of: after)
    for (key, value) in after.members {
      let place = FieldReader.join(path, key.string ?? "")
      if let old = old[key.stringBytes ?? []] {
        compare(old, value, at: place, &changes)
      } else {
        added(value, at: place, &changes)
      }
    }
    for (key, value) in before.members where new[key.stringBytes ?? []] == nil {
      removed(value, at: FieldReader.join(path, key.string ?? ""), &changes)
    }
  }

  private static func compareElements(
    _ before: [(id: String, value: JSONValue)], _ after: [(id: String, value: JSONValue)], at path: String,
    _ changes: inout [DefinitionChange]
  ) {
    let old = Dictionary(before.map { ($0.id, $0.value) }) { first, _ in first }
    let new = Dictionary(after.map { ($0.id, $0.value) }) { first, _ in first }
    let oldOrder = before.map(\.id).filter { new[$0] != nil }
    let newOrder = after.map(\.id).filter { old[$0] != nil }
    if oldOrder != newOrder { changes.append(DefinitionChange(path: path, before: names(oldOrder), after: names(newOrder))) }
    for (id, value) in after {
      if let earlier = old[id] {
        compare(earlier, value, at: "\(path)[\(id)]", &changes)
      } else {
        changes.append(DefinitionChange(path: "\(path)[\(id)]", before: [], after: Array(value.raw)))
      }
    }
    for (id, value) in before where new[id] == nil {
      changes.append(DefinitionChange(path: "\(path)[\(id)]", before: Array(value.raw), after: []))
    }
  }

  /// A list of its own that is new is told element by element, as it would be beside others.
  private static func added(_ value: JSONValue, at path: String, _ changes: inout [DefinitionChange]) {
    if value.kind == .array, let elements = identified(value) {
      compareElements([], elements, at: path, &changes)
    } else {
      changes.append(DefinitionChange(path: path, before: [], after: Array(value.raw)))
    }
  }

  private static func removed(_ value: JSONValue, at path: String, _ changes: inout [DefinitionChange]) {
    if value.kind == .array, let elements = identified(value) {
      compareElements(elements, [], at: path, &changes)
    } else {
      changes.append(DefinitionChange(path: path, before: Array(value.raw), after: []))
    }
  }

  /// The elements by name; `nil` unless all are objects with different names.
  private static func identified(_ list: JSONValue) -> [(id: String, value: JSONValue)]? {
    var result: [(id: String, value: JSONValue)] = []
    var seen: Set<String> = []
    for element in list.elements {
      guard let id = identifyingFields.lazy.compactMap({ element[$0]?.string }).first, seen.insert(id).inserted else {
        return nil
      }
      result.append((id, element))
    }
    return result
  }

  private static func names(_ ids: [String]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginArray()
    for id in ids { writer.string(id) }
    writer.endArray()
    return writer.bytes
  }
}

package import JSON

/// One text for all ways to write a JSON value: members sorted by name, no white space, strings with the fewest escapes.
/// Numbers keep their digits. Of members with the same name the last one stays.
package enum CanonicalJSON {
  /// Writes a value. The recursion is as deep as the document, which its limit bounds.
  package static func write(_ value: JSONValue, to writer: inout JSONWriter) {
    switch value.kind {
    case .null, .boolean, .number: writer.value(value)
    case .string: writer.string(value.stringBytes ?? [])
    case .array:
      writer.beginArray()
      for element in value.elements { write(element, to: &writer) }
      writer.endArray()
    case .object: write(members(of: value), to: &writer)
    }
  }

  /// Writes an object of these members, sorted.
  static func write(_ members: [[UInt8]: JSONValue], to writer: inout JSONWriter) {
    writer.beginObject()
    for (name, member) in members.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      writer.key(name)
      write(member, to: &writer)
    }
    writer.endObject()
  }

  /// The members of an object by name.
  static func members(of object: JSONValue) -> [[UInt8]: JSONValue] {
    var members: [[UInt8]: JSONValue] = [:]
    for (key, value) in object.members { members[key.stringBytes ?? []] = value }
    return members
  }

  /// The canonical text of a value.
  package static func bytes(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    write(value, to: &writer)
    return writer.bytes
  }
}

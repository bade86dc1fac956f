package import JSON

/// What a path leads to.
package enum PayloadValue: Sendable {
  /// A value of a JSON body, or of one that is shown as JSON.
  case json(JSONValue)
  /// A text of anything else; need not be UTF-8.
  case text([UInt8])
  /// The values of a field that occurs several times.
  case texts([[UInt8]])
  /// All fields of the query, the headers or a form.
  case fields([FormField])

  /// JSON's `null`, which counts as no value where there is a default or an alternative.
  package var isNull: Bool {
    if case .json(let value) = self { value.isNull } else { false }
  }

  /// The value as text: a string's characters, a number's digits, `true`, `false`; `nil` for lists and objects.
  package var scalarText: [UInt8]? {
    switch self {
    case .text(let bytes): bytes
    case .texts, .fields: nil
    case .json(let value):
      switch value.kind {
      case .string: value.stringBytes
      case .number, .boolean: Array(value.raw)
      case .null, .array, .object: nil
      }
    }
  }

  /// The value as text in the middle of a template: lists and objects as JSON.
  package var text: [UInt8] {
    if let scalar = scalarText { return scalar }
    var writer = JSONWriter()
    write(to: &writer)
    return writer.bytes
  }

  /// The value as JSON. Texts become strings; fields an object in which a repeated name has a list.
  package func write(to writer: inout JSONWriter) {
    switch self {
    case .json(let value): writer.value(value)
    case .text(let bytes): writer.string(bytes)
    case .texts(let values): Self.write(values, to: &writer)
    case .fields(let fields): Self.write(fields, to: &writer)
    }
  }

  /// Whether a text in it is not UTF-8, so that JSON cannot hold it unchanged.
  package var isRepairedInJSON: Bool {
    switch self {
    case .json: false
    case .text(let bytes): !Self.isUTF8(bytes)
    case .texts(let values): !values.allSatisfy(Self.isUTF8)
    case .fields(let fields): !fields.allSatisfy { Self.isUTF8($0.name) && Self.isUTF8($0.value) }
    }
  }

  /// What it is, for people.
  package var typeName: String {
    switch self {
    case .text: "a text"
    case .texts: "a list"
    case .fields: "an object"
    case .json(let value): FieldReader.typeName(value)
    }
  }

  static func isUTF8(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
  }

  private static func write(_ values: [[UInt8]], to writer: inout JSONWriter) {
    writer.beginArray()
    for value in values { writer.string(value) }
    writer.endArray()
  }

  private static func write(_ fields: [FormField], to writer: inout JSONWriter) {
    var places: [[UInt8]: Int] = [:]
    var grouped: [(name: [UInt8], values: [[UInt8]])] = []
    for field in fields {
      if let place = places[field.name] {
        grouped[place].values.append(field.value)
      } else {
        places[field.name] = grouped.count
        grouped.append((field.name, [field.value]))
      }
    }
    writer.beginObject()
    for (name, values) in grouped {
      writer.key(name)
      if values.count == 1 { writer.string(values[0]) } else { write(values, to: &writer) }
    }
    writer.endObject()
  }
}

import Logging

/// Builds the bytes of one log record.
struct LineWriter {
  private(set) var bytes: [UInt8] = []

  private static let ownKeys: Set<String> = ["time", "level", "logger", "message"]

  init() {
    bytes.reserveCapacity(256)
  }

  mutating func writeJSON(
    time: WallTime, level: Logger.Level, label: String, message: String, fields: [(key: String, value: Logger.MetadataValue)]
  ) {
    append("{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"logger\":")
    appendJSON(label)
    append(",\"message\":")
    appendJSON(message)
    for (key, value) in fields {
      append(",")
      appendJSON(Self.ownKeys.contains(key) ? "meta_" + key : key)
      append(":")
      appendJSON(value, depth: 1)
    }
    append("}\n")
  }

  mutating func writeText(
    time: WallTime, level: Logger.Level, label: String, message: String, fields: [(key: String, value: Logger.MetadataValue)]
  ) {
    append("\(time) \(level.rawValue.uppercased()) \(label): ")
    appendVisible(message)
    for (key, value) in fields {
      append(" ")
      appendVisible(key)
      append("=")
      switch value {
      case .string(let text): appendText(text)
      case .stringConvertible(let text): appendText(text.description)
      case .array, .dictionary: appendJSON(value, depth: 1)
      }
    }
    append("\n")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func appendJSON(_ value: Logger.MetadataValue, depth: Int) {
    guard depth <= LineLogHandler.maximumDepth else {
      append("\"…\"")
      return
    }
    switch value {
    case .string(let text): appendJSON(text)
    case .stringConvertible(let value):
      switch value {
      // What JSON has a form for is written as that, so that a reader can compare numbers.
      case let number as any FixedWidthInteger: append("\(number)")
      case let truth as Bool: append("\(truth)")
      case let number as Double where number.isFinite: append("\(number)")
      default: appendJSON(value.description)
      }
    case .array(let values):
      append("[")
      for (index, value) in values.enumerated() {
        if index > 0 { append(",") }
        appendJSON(value, depth: depth + 1)
      }
      append("]")
    case .dictionary(let values):
      append("{")
      for (index, entry) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { append(",") }
        appendJSON(entry.key)
        append(":")
        appendJSON(entry.value, depth: depth + 1)
      }
      append("}")
    }
  }

  private mutating func appendJSON(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(text)
    bytes.append(UInt8(ascii: "\""))
  }

  /// In quotes where the text would not be read as one value.
  private mutating func appendText(_ text: String) {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x7f }
    if isPlain { appendVisible(text) } else { appendJSON(text) }
  }

  /// Control characters would move a terminal's cursor or forge a line.
  private mutating func appendVisible(_ text: String) { appendEscaped(text, quotes: false) }

  private mutating func appendEscaped(_ text: String, quotes: Bool = true) {
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= LineLogHandler.maximumValueBytes else {
        append("…")
        return
      }
      switch scalar.value {
      case 0x22 where quotes: append("\\\"")
      case 0x5c where quotes: append("\\\\")
      case 0x0a: append("\\n")
      case 0x0d: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069:
        append("\\u")
        let digits = String(scalar.value, radix: 16)
        append(String(repeating: "0", count: 4 - digits.utf8.count) + digits)
      default: bytes.append(contentsOf: UTF8.encode(scalar)?.map(\.self) ?? [])
      }
    }
  }
}

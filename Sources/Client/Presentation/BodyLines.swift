/// A request's body for people: JSON indented with its digits kept, text as it is, anything else as a hexadecimal dump.
package enum BodyLines {
  /// Bytes of a dump that are shown.
  private static let dumpLimit = 1024
  private static let dumpWidth = 16

  package static func lines(_ body: [UInt8]) -> [String] {
    if let value = try? JSONReader.read(body) { return split(value.json.pretty) }
    if let text = String(validating: body, as: UTF8.self) { return split(TerminalText.escaped(text, keepingLineBreaks: true)) }
    var lines = stride(from: 0, to: min(body.count, dumpLimit), by: dumpWidth).map { start in
      dumpLine(body[start..<min(start + dumpWidth, body.count, dumpLimit)], at: start)
    }
    if body.count > dumpLimit { lines.append("… \(body.count - dumpLimit) more bytes; -o json has them all") }
    return lines
  }

  private static func split(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func dumpLine(_ bytes: ArraySlice<UInt8>, at offset: Int) -> String {
    let digits = bytes.map { hexadecimal(Int($0), 2) }.joined(separator: " ")
    let text = bytes.map { (0x20...0x7e).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
    let padding = String(repeating: " ", count: dumpWidth * 3 - 1 - digits.count)
    return "\(hexadecimal(offset, 6))  \(digits)\(padding)  \(text)"
  }

  private static func hexadecimal(_ value: Int, _ width: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}

/// The value of Host: `uri-host [ ":" port ]` (RFC 9110 §7.2), or empty.
enum HostField {
  static func isWellFormed(_ line: borrowing Span<UInt8>, _ value: Range<Int>) -> Bool {
    var end = value.lowerBound
    if !value.isEmpty, line[end] == UInt8(ascii: "[") {
      // An IP literal: its inside is not ours to judge beyond its characters.
      repeat {
        end += 1
      } while end < value.upperBound && line[end] != UInt8(ascii: "]")
        && (ByteClass.hexDigit(line[end]) != nil || line[end] == UInt8(ascii: ":") || line[end] == UInt8(ascii: "."))
      guard end < value.upperBound, line[end] == UInt8(ascii: "]") else { return false }
      end += 1
    } else {
      while end < value.upperBound, line[end] != UInt8(ascii: ":") {
        guard ByteClass.regName.contains(line[end]) else { return false }
        end += 1
      }
    }
    guard end < value.upperBound else { return true }
    guard line[end] == UInt8(ascii: ":"), value.upperBound - end <= 6 else { return false }
    for index in end + 1..<value.upperBound where !ByteClass.isDigit(line[index]) { return false }
    return true
  }
}

/// Finds the parts of a multipart body (RFC 2046 §5.1), strictly: what one reader would take for a boundary and another one
/// not is refused.
struct MultipartParser {
  private let bytes: [UInt8]
  /// CR LF, two hyphens, the boundary.
  private let delimiter: [UInt8]
  private let limits: MultipartForm.Limits
  private var position = 0
  /// Whether a part names a transfer encoding that would have to be undone.
  private(set) var hasTransferEncoding = false

  init(_ bytes: [UInt8], boundary: String, limits: MultipartForm.Limits) {
    self.bytes = bytes
    delimiter = Array("\r\n--\(boundary)".utf8)
    self.limits = limits
  }

  mutating func parse() throws(RequestBody.Fault) -> [MultipartForm.Part] {
    var parts: [MultipartForm.Part] = []
    // The first boundary may stand at the very start; what stands before it counts for nothing.
    if bytes.starts(with: delimiter.dropFirst(2)) {
      position = delimiter.count - 2
    } else {
      guard let start = nextDelimiter(from: 0) else { throw fault("has no boundary") }
      position = start + delimiter.count
    }
    while try !isFinalBoundary() {
      guard parts.count < limits.parts else { throw tooMuch("has more than \(limits.parts) parts") }
      parts.append(try part())
    }
    return parts
  }

  /// Reads the rest of a boundary's line.
  private mutating func isFinalBoundary() throws(RequestBody.Fault) -> Bool {
    let isFinal = take(UInt8(ascii: "-"))
    guard !isFinal || take(UInt8(ascii: "-")) else { throw badBoundary }
    while take(0x20) || take(0x09) {}
    // Whatever follows the line of the final boundary counts for nothing.
    if isFinal, position == bytes.count || bytes[position] == 0x0d || bytes[position] == 0x0a { return true }
    guard !isFinal, take(0x0d), take(0x0a) else { throw position == bytes.count ? endless : badBoundary }
    return false
  }

  private mutating func part() throws(RequestBody.Fault) -> MultipartForm.Part {
    let start = position
    var disposition: ContentDisposition?
    var contentType: [UInt8]?
    var count = 0
    while let line = try headerLine(from: start) {
      count += 1
      guard count <= limits.headersPerPart else {
        throw tooMuch("has a part with more than \(limits.headersPerPart) header fields")
      }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), HTTPToken.isToken(line[..<colon]) else {
        throw fault("has a part with a malformed header field")
      }
      let value = Array(FieldScanner.trimmed(line[(colon + 1)...]))
      switch String(decoding: line[..<colon], as: UTF8.self).lowercased() {
      case "content-disposition":
        guard disposition == nil, let parsed = ContentDisposition(value) else {
          throw fault("has a part without a single well-formed Content-Disposition")
        }
        disposition = parsed
      case "content-type":
        guard contentType == nil else { throw fault("has a part with two Content-Type fields") }
        contentType = value
      case "content-transfer-encoding":
        let isPlain = ["7bit", "8bit", "binary"].contains(String(decoding: value, as: UTF8.self).lowercased())
        hasTransferEncoding = hasTransferEncoding || !isPlain
      default: break
      }
    }
    guard let disposition else { throw fault("has a part without a Content-Disposition of form-data with a name") }
    // The line break of the empty line may be the one that belongs to the next boundary: then nothing is in the part.
    let emptyLine = position - 2
    guard let end = nextDelimiter(from: emptyLine) else { throw endless }
    let content = end > emptyLine ? position..<end : position..<position
    position = end + delimiter.count
    return MultipartForm.Part(
      name: disposition.name, fileName: disposition.fileName, contentType: contentType, content: content)
  }

  /// The next line of a part's header; `nil` after the empty one.
  private mutating func headerLine(from start: Int) throws(RequestBody.Fault) -> ArraySlice<UInt8>? {
    let end = min(bytes.count, start + limits.headerBytesPerPart)
    var index = position
    while index < end, bytes[index] >= 0x20 || bytes[index] == 0x09 { index += 1 }
    guard index + 1 < end else {
      throw end < bytes.count ? tooMuch("has a part with more than \(limits.headerBytesPerPart) bytes of header fields") : endless
    }
    guard bytes[index] == 0x0d, bytes[index + 1] == 0x0a else { throw fault("has a part with a malformed header field") }
    defer { position = index + 2 }
    return index == position ? nil : bytes[position..<index]
  }

  /// Where the delimiter stands next. CR is its first byte and nowhere else in it, so what was compared need not be looked
  /// at again: the time is in proportion to the bytes.
  private func nextDelimiter(from start: Int) -> Int? {
    var index = start
    while index < bytes.count {
      guard bytes[index] == 0x0d else {
        index += 1
        continue
      }
      var matched = 1
      while matched < delimiter.count, index + matched < bytes.count, bytes[index + matched] == delimiter[matched] {
        matched += 1
      }
      if matched == delimiter.count { return index }
      index += matched
    }
    return nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private func fault(_ what: String) -> RequestBody.Fault { RequestBody.Fault(message: "The multipart body \(what).") }
  private func tooMuch(_ what: String) -> RequestBody.Fault {
    RequestBody.Fault(cause: .bodyTooLarge, message: "The multipart body \(what).")
  }
  private var endless: RequestBody.Fault { fault("ends before its final boundary") }
  private var badBoundary: RequestBody.Fault { fault("has a line that starts with the boundary and is none") }
}

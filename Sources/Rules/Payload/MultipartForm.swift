internal import Cryptography
internal import JSON

/// A `multipart/form-data` body (RFC 7578).
///
/// | part | value |
/// |---|---|
/// | without a file name | a text, in the part's charset, else in that of the field `_charset_`, else UTF-8 |
/// | with a file name, even an empty one | `{"name": …, "type": …, "size": bytes, "base64": …}` |
/// | several of one name | the list of their values |
///
/// As in an `XMLBody`, position 0 (or -1) of what occurs once is that.
package struct MultipartForm: Sendable {
  /// How much a form may ask for. Its size is limited with the body's.
  package struct Limits: Hashable, Sendable {
    /// Fields and files.
    package var parts: Int
    /// Header fields of a part; browsers send two.
    package var headersPerPart: Int
    /// Bytes of a part's header fields, names and file names included.
    package var headerBytesPerPart: Int

    /// Makes limits.
    package init(parts: Int = 1000, headersPerPart: Int = 16, headerBytesPerPart: Int = 8192) {
      self.parts = parts
      self.headersPerPart = headersPerPart
      self.headerBytesPerPart = headerBytesPerPart
    }
  }

  /// One part.
  struct Part: Hashable, Sendable {
    /// Need not be UTF-8.
    var name: [UInt8]
    /// `nil` for a field.
    var fileName: [UInt8]?
    /// As sent; `nil` when the part has none.
    var contentType: [UInt8]?
    /// In the body.
    var content: Range<Int>
  }

  private let bytes: [UInt8]
  let parts: [Part]
  /// What the trigger's owner should know of how it was read.
  let notes: [DecisionNote]

  /// Finds the parts of a body and copies nothing of them.
  package init(_ bytes: [UInt8], _ type: MediaType, limits: Limits = Limits()) throws(RequestBody.Fault) {
    guard !type.isAmbiguous, let boundary = type.parameters["boundary"], Self.isBoundary(boundary) else {
      throw RequestBody.Fault(message: "The Content-Type of the multipart body has no single boundary of RFC 2046 §5.1.1.")
    }
    var parser = MultipartParser(bytes, boundary: boundary, limits: limits)
    parts = try parser.parse()
    self.bytes = bytes
    notes =
      parser.hasTransferEncoding
      ? [
        DecisionNote(
          at: "body", code: "transfer_encoding_ignored",
          message: "A part names a Content-Transfer-Encoding, which RFC 7578 §4.7 has done away with; its bytes are as sent.")
      ] : []
  }

  /// RFC 2046 §5.1.1: 1 to 70 characters of a list, the last one no space.
  private static func isBoundary(_ text: String) -> Bool {
    let bytes = text.utf8
    return (1...70).contains(bytes.count) && bytes.last != 0x20
      && bytes.allSatisfy { HTTPToken.isLetterOrDigit($0) || "'()+_,-./:=? ".utf8.contains($0) }
  }

  /// The form as JSON text, and whether texts in it were not of their charset, so that U+FFFD stands in them.
  func json() -> (text: [UInt8], isRepaired: Bool) {
    var places: [[UInt8]: Int] = [:]
    var groups: [(name: [UInt8], parts: [Part])] = []
    for part in parts {
      if let place = places[part.name] {
        groups[place].parts.append(part)
      } else {
        places[part.name] = groups.count
        groups.append((part.name, [part]))
      }
    }
    let charset = parts.first { $0.name == Self.charsetField && $0.fileName == nil }
      .flatMap { Charset(label: String(decoding: bytes[$0.content], as: UTF8.self)) }
    var isRepaired = false
    var writer = JSONWriter()
    writer.beginObject()
    for (name, parts) in groups {
      isRepaired = isRepaired || !PayloadValue.isUTF8(name)
      writer.key(name)
      if parts.count > 1 { writer.beginArray() }
      for part in parts {
        let text = part.fileName ?? self.text(of: part, charset ?? .utf8)
        isRepaired = isRepaired || !PayloadValue.isUTF8(text)
        if part.fileName == nil {
          writer.string(String(decoding: text, as: UTF8.self))
        } else {
          writeFile(part, name: text, to: &writer)
        }
      }
      if parts.count > 1 { writer.endArray() }
    }
    writer.endObject()
    return (writer.bytes, isRepaired)
  }

  private func text(of part: Part, _ charset: Charset) -> [UInt8] {
    let own = part.contentType.flatMap { MediaType($0)?.parameters["charset"] }.flatMap { Charset(label: $0) }
    return (own ?? charset).utf8(Array(bytes[part.content]))
  }

  private func writeFile(_ part: Part, name: [UInt8], to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("name")
    writer.string(name)
    writer.key("type")
    writer.string(part.contentType ?? Self.unknownType)
    writer.key("size")
    writer.integer(part.content.count)
    writer.key("base64")
    // Nothing to escape in it.
    writer.raw("\"\(Base64.encode(bytes[part.content]))\"".utf8)
    writer.endObject()
  }

  /// RFC 7578 §4.6.
  private static let charsetField = Array("_charset_".utf8)
  /// RFC 7578 §4.4.
  private static let unknownType = Array("application/octet-stream".utf8)
}

extension MultipartForm: CustomStringConvertible {
  /// Nothing of the content: it may be a secret or a customer's data.
  package var description: String { "MultipartForm(\(parts.count) parts)" }
}

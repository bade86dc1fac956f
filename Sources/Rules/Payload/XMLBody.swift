internal import JSON
internal import XML

/// An XML body as a JSON-like value.
///
/// | XML | value |
/// |---|---|
/// | the document | an object with one member, the outermost element: `body.order.id` |
/// | element without attributes and elements | its text, unchanged; `<a/>` is `""` |
/// | any other element | an object |
/// | attribute | member `@name` of it, a text; namespace declarations too |
/// | elements of one name | one: its value; several: the list of their values, where the first one stood |
/// | text beside attributes or elements | member `#text`, pieces joined, without what is only white space between elements |
/// | namespaces | names keep their prefix: `body.soap:Envelope.soap:Body` |
/// | CDATA | text like any other |
/// | comments, processing instructions | nothing |
///
/// XML does not say that something is a list, so position 0 (or -1) of what occurs once is that: `body.order.item[0].sku`
/// works for one item and for many. Numbers are texts with their digits; a mapping's type makes them numbers.
enum XMLBody {
  static func parse(_ bytes: [UInt8], _ type: MediaType, limits: RequestBody.Limits) throws(RequestBody.Fault) -> XMLDocument {
    let document: XMLDocument
    do throws(XMLError) {
      document = try parse(bytes, charset: charset(of: bytes, type), limits: limits.xml)
    } catch {
      let cause: RefusalCause = error.code == .tooLarge ? .bodyTooLarge : .bodyUnparseable
      throw RequestBody.Fault(cause: cause, message: "The body is not XML that is read: \(error)")
    }
    guard document.valueDepth <= limits.json.depth else {
      throw RequestBody.Fault(message: "The XML has more than \(limits.json.depth) objects and lists inside each other.")
    }
    return document
  }

  /// The character set as told from outside; a byte order mark counts more than the Content-Type (RFC 7303 §3).
  private static func charset(of bytes: [UInt8], _ type: MediaType) -> String? {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return "utf-8" }
    if bytes.starts(with: [0xfe, 0xff]) || bytes.starts(with: [0xff, 0xfe]) { return "utf-16" }
    return type.parameters["charset"]?.lowercased()
  }

  private static func parse(_ bytes: [UInt8], charset: String?, limits: XMLLimits) throws(XMLError) -> XMLDocument {
    guard let charset else {
      do throws(XMLError) {
        return try XMLDocument(bytes, limits: limits)
      } catch {
        // Labels that Expat does not know and everybody else does, such as "utf8" and "windows-1252".
        guard case .encodingUnknown(let declared) = error.code, Charset(label: declared) != nil else { throw error }
        return try parse(bytes, charset: declared, limits: limits)
      }
    }
    if let encoding = XMLEncoding(rawValue: charset.uppercased()) {
      return try XMLDocument(bytes, encoding: encoding, limits: limits)
    }
    guard let known = Charset(label: charset) else { throw XMLError.unknownEncoding(charset) }
    return try XMLDocument(known.utf8(bytes), encoding: .utf8, limits: limits)
  }

  /// The document as JSON text.
  static func json(_ document: XMLDocument) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key(string(document.root.name[...]))
    write(document.root, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// Recursive; as deep as `XMLLimits.depth`.
  private static func write(_ element: XMLElement, to writer: inout JSONWriter) {
    guard !element.isLeaf else { return writer.string(string(element.text)) }
    writer.beginObject()
    for part in element.parts {
      switch part {
      case .attribute(let name, let value):
        writer.key("@" + string(name[...]))
        writer.string(string(value))
      case .element(let first) where first.isFirstOfName: write(allOfName: first, to: &writer)
      case .element, .text: continue
      }
    }
    let text = element.text
    if !text.isEmpty {
      writer.key("#text")
      writer.string(string(text))
    }
    writer.endObject()
  }

  private static func write(allOfName first: XMLElement, to writer: inout JSONWriter) {
    writer.key(string(first.name[...]))
    guard var next = first.nextOfName else { return write(first, to: &writer) }
    writer.beginArray()
    write(first, to: &writer)
    while true {
      write(next, to: &writer)
      guard let following = next.nextOfName else { break }
      next = following
    }
    writer.endArray()
  }

  private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

internal import Identifiers
internal import JSON

extension HTTPAnswer {
  /// How a value is put into the text around it, so that it cannot become anything else there.
  private enum Insertion {
    /// As it is.
    case plain
    /// As the content of a JSON string (RFC 8259 §7): the quotation marks stand in the template.
    case json
    /// With the five characters of XML's markup as entities, in HTML and XML.
    case markup
    /// As a part of a header field's value: without control characters (RFC 9110 §5.5).
    case field

    init(_ contentType: [UInt8]) {
      guard let type = MediaType(contentType) else {
        self = .plain
        return
      }
      self = type.isJSON ? .json : type.isXML || type.essence == "text/html" ? .markup : .plain
    }
  }

  /// The most bytes that a body becomes; values that would make it longer are left out.
  static let bodyLimit = 64 * 1024
  /// The most bytes that a header field's value becomes.
  static let fieldLimit = 4096

  /// The answer to an accepted request with its templates filled in.
  ///
  /// Secret variables may stand in it: an answer is not stored.
  static func accepted(_ settings: ResponseSettings, id: UniqueID, in scope: inout TemplateScope) -> HTTPAnswer {
    var answer = accepted(settings, id: id)
    // A content type, where there is one, stands before the settings' own fields.
    let first = answer.headers.count - settings.headers.count
    for (index, template) in settings.headerTemplates.sorted(by: { $0.key < $1.key }) {
      let filled = fill(template, .field, limit: fieldLimit, &scope)
      answer.headers[first + index].value = filled.text
      answer.idPlaces += filled.ids.map { IDPlace(header: first + index, offset: $0) }
    }
    guard let template = settings.bodyTemplate, !answer.body.isEmpty else { return answer }
    let type = answer.headers.first { $0.name.elementsEqual("content-type".utf8) }
    let filled = fill(template, Insertion(type?.value ?? []), limit: bodyLimit, &scope)
    answer.body = filled.text
    answer.idPlaces += filled.ids.map { IDPlace(header: nil, offset: $0) }
    // Callers choose parts of the body; nothing may take it for another type than is said.
    if !settings.headers.contains(where: { $0.name == noSniff.name }) { answer.headers.append(noSniff) }
    return answer
  }

  private static let noSniff = HeaderField("x-content-type-options", "nosniff")

  private static func fill(
    _ template: Template, _ insertion: Insertion, limit: Int, _ scope: inout TemplateScope
  ) -> (text: [UInt8], ids: [Int]) {
    var text: [UInt8] = []
    var ids: [Int] = []
    for segment in template.segments {
      switch segment {
      case .text(let bytes): text += bytes
      case .expression(let alternatives, _):
        guard let marked = scope.value(of: alternatives) else { continue }
        let value = written(marked.value.text, insertion)
        guard text.count + value.count <= limit else { continue }
        if marked.isRequestID { ids.append(text.count) }
        text += value
      }
    }
    if case .field = insertion { return trimmed(text, ids) }
    return (text, ids)
  }

  private static func written(_ value: [UInt8], _ insertion: Insertion) -> [UInt8] {
    switch insertion {
    case .plain: return value
    case .field: return value.filter { $0 >= 0x20 && $0 != 0x7f }
    case .json:
      var writer = JSONWriter(reservingCapacity: value.count + 2)
      writer.string(value)
      return Array(writer.bytes.dropFirst().dropLast())
    case .markup:
      return value.flatMap { byte -> [UInt8] in
        switch byte {
        case UInt8(ascii: "&"): Array("&amp;".utf8)
        case UInt8(ascii: "<"): Array("&lt;".utf8)
        case UInt8(ascii: ">"): Array("&gt;".utf8)
        case UInt8(ascii: "\""): Array("&quot;".utf8)
        case UInt8(ascii: "'"): Array("&#39;".utf8)
        default: [byte]
        }
      }
    }
  }

  /// A field's value has no space at its ends.
  private static func trimmed(_ text: [UInt8], _ ids: [Int]) -> (text: [UInt8], ids: [Int]) {
    let start = text.firstIndex { $0 != 0x20 } ?? text.endIndex
    let end = (text.lastIndex { $0 != 0x20 }).map { $0 + 1 } ?? start
    return (Array(text[start..<end]), ids.map { $0 - start })
  }
}

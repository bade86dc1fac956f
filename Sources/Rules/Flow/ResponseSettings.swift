internal import JSON

/// What a trigger answers an accepted request.
package struct ResponseSettings: Hashable, Sendable {
  /// 200 to 299.
  package var status: Int
  /// Of the body; `nil`: `application/json`, or `text/plain` for a body of one's own.
  package var contentType: String?
  /// Further fields, names lower-case, as they were written.
  package var headers: [HeaderField]
  /// The body as it was written; `nil`: `{"id":"…","status":"accepted"}`.
  package var body: String?
  /// The templates among the fields, by their position in `headers`.
  var headerTemplates: [Int: Template] = [:]
  /// The body, if it is a template.
  var bodyTemplate: Template?

  /// Makes settings; by default 200 with the request's id.
  package init(status: Int = 200, contentType: String? = nil, headers: [HeaderField] = [], body: String? = nil) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    self.body = body
  }

  /// Whether an answer depends on the request, beyond its id.
  package var isTemplated: Bool { bodyTemplate != nil || !headerTemplates.isEmpty }

  /// Set by the server or by this file's other fields, or with an effect on the connection.
  private static let reservedHeaders: Set<String> = [
    "connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "proxy-authenticate", "server",
    "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// Reads `response: {status, content_type, headers, body}`.
  static func parse(
    _ json: JSONValue, at path: String, constants: Set<String>, faults: inout [ConfigurationFault]
  ) -> ResponseSettings {
    let known = ["status", "content_type", "headers", "body"]
    guard let fields = FieldReader(json, at: path, known: known, faults: &faults) else { return ResponseSettings() }
    var settings = ResponseSettings()
    settings.status = fields.integer("status", in: 200...299, faults: &faults) ?? 200
    if let type = fields.string("content_type", faults: &faults) {
      if MediaType(Array(type.utf8)) == nil || !isFieldValue(type) {
        faults.append(fields.fault("content_type", .invalidValue, "A media type is expected, such as text/plain; charset=utf-8."))
      }
      settings.contentType = type
    }
    settings.headers = headers(fields, faults: &faults)
    for (index, field) in settings.headers.enumerated() {
      let text = String(decoding: field.value, as: UTF8.self)
      guard Template.isTemplate(text) else { continue }
      let path = FieldReader.join(fields.path("headers"), String(decoding: field.name, as: UTF8.self))
      settings.headerTemplates[index] = SourceReader.template(
        text, at: path, constants: constants, hasElement: false, faults: &faults)
    }
    if let body = fields.string("body", faults: &faults) {
      if body.utf8.count > FlowLimits.responseBytes {
        faults.append(fields.fault("body", .tooLong, "The body has at most \(FlowLimits.responseBytes) bytes."))
      }
      if Template.isTemplate(body) {
        settings.bodyTemplate = SourceReader.template(
          body, at: fields.path("body"), constants: constants, hasElement: false, faults: &faults)
      }
      settings.body = body
    }
    if (settings.status == 204 || settings.status == 205), !(settings.body ?? "").isEmpty {
      faults.append(fields.fault("body", .conflict, "An answer with status \(settings.status) has no body."))
    }
    return settings
  }

  private static func headers(_ fields: FieldReader, faults: inout [ConfigurationFault]) -> [HeaderField] {
    guard let json = fields.value("headers"), let list = FieldReader(open: json, at: fields.path("headers"), faults: &faults)
    else { return [] }
    if json.count > FlowLimits.responseHeaders {
      faults.append(fields.fault("headers", .tooMany, "There are at most \(FlowLimits.responseHeaders) header fields."))
    }
    var result: [HeaderField] = []
    for (key, value) in json.members.prefix(FlowLimits.responseHeaders) {
      let written = key.string ?? ""
      let name = written.lowercased()
      if let fault = fault(ofHeader: written) {
        let code: ConfigurationFault.Code = HTTPToken.isToken(Array(written.utf8)) ? .conflict : .invalidValue
        faults.append(list.fault(written, code, fault))
        continue
      }
      guard let text = value.string, isFieldValue(text) else {
        faults.append(list.fault(written, .invalidValue, "The value is a text of printable characters."))
        continue
      }
      guard !result.contains(where: { $0.name.elementsEqual(name.utf8) }) else {
        faults.append(list.fault(written, .duplicate, "The header field \(name) stands here twice."))
        continue
      }
      result.append(HeaderField(name, text))
    }
    return result.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// What is wrong with the name of an answer's header field; `nil` when it can be set.
  static func fault(ofHeader written: String) -> String? {
    guard HTTPToken.isToken(Array(written.utf8)) else { return "\(Spelling.quoted(written)) is no name of a header field." }
    let name = written.lowercased()
    guard reservedHeaders.contains(name) || name.hasPrefix("access-control-") else { return nil }
    return "The header field \(name) is set by the server.\(name == "content-type" ? " Use content_type." : "")"
  }

  /// Visible ASCII, spaces and tabs inside: no line break can be smuggled in (RFC 9110 §5.5).
  private static func isFieldValue(_ text: String) -> Bool {
    text.utf8.count <= 4096 && text.utf8.allSatisfy { ($0 >= 0x20 && $0 < 0x7f) || $0 == 0x09 }
      && text.utf8.first != 0x20 && text.utf8.last != 0x20
  }

  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    if status != 200 {
      writer.key("status")
      writer.integer(status)
    }
    if let contentType {
      writer.key("content_type")
      writer.string(contentType)
    }
    if !headers.isEmpty {
      writer.key("headers")
      writer.beginObject()
      for field in headers {
        writer.key(field.name)
        writer.string(field.value)
      }
      writer.endObject()
    }
    if let body {
      writer.key("body")
      writer.string(body)
    }
    writer.endObject()
  }
}

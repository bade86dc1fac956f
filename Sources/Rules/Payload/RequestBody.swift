package import JSON
package import XML

/// A request's body as its content type says to read it.
///
/// | content type | read as |
/// |---|---|
/// | JSON, empty body, method POST, PUT or PATCH | refused: the empty text is no JSON (RFC 8259 §2) |
/// | else, empty body | nothing: `body` has no value |
/// | `application/json`, `text/json`, `…+json` | JSON, UTF-8 with or without a byte order mark |
/// | `application/x-www-form-urlencoded` | form, in its charset |
/// | `multipart/form-data` | form with files: `MultipartForm` |
/// | `application/xml`, `text/xml`, `…+xml` | XML as a JSON-like value: `XMLBody` |
/// | `text/plain`, or no content type | JSON if it is a JSON object or array (Amazon SNS sends it so), else as below |
/// | `text/…` of a charset that is read | a text |
/// | anything else | a text of base 64 (RFC 4648 §4) |
///
/// Whether a body is what its content type says is looked at once for every request. What paths see of it is made when the
/// first path looks into it.
package enum RequestBody: Sendable {
  /// No bytes.
  case empty
  /// Bytes that no path can look into at this stage.
  case unread
  /// A JSON document.
  case json(JSONDocument)
  /// Decoded pairs in order.
  case form([FormField])
  /// Fields and files.
  indirect case multipart(MultipartForm)
  /// An XML document.
  indirect case xml(XMLDocument)
  /// A text.
  indirect case text([UInt8], Charset)
  /// Bytes that are no text.
  case binary([UInt8])

  /// Why a body is not what its content type says.
  package struct Fault: Error, Hashable, Sendable {
    /// `bodyUnparseable`, `bodyTooLarge` or `encodingUnsupported`.
    package let cause: RefusalCause
    /// One sentence for the trigger's owner. Contains nothing of the body.
    package let message: String

    /// Makes a fault.
    package init(cause: RefusalCause = .bodyUnparseable, message: String) {
      self.cause = cause
      self.message = message
    }
  }

  /// How much a body may ask for.
  package struct Limits: Hashable, Sendable {
    /// As received, and again when it is inflated.
    package var bytes: Int
    /// Of JSON.
    package var json: JSONLimits
    /// Pairs of a form.
    package var formFields: Int
    /// Of `multipart/form-data`.
    package var multipart: MultipartForm.Limits
    /// Of XML.
    package var xml: XMLLimits

    /// Makes limits; the default size is the largest that an edge node can be set to take (SPEC §3).
    package init(
      bytes: Int = 3 << 20, json: JSONLimits = JSONLimits(), formFields: Int = 10_000,
      multipart: MultipartForm.Limits = MultipartForm.Limits(), xml: XMLLimits = XMLLimits()
    ) {
      self.bytes = bytes
      self.json = json
      self.formFields = formFields
      self.multipart = multipart
      self.xml = xml
    }
  }

  /// What is known of who sent the request, and so how much may be spent on its body.
  package enum Stage: Hashable, Sendable {
    /// The credential has not been checked: only JSON and forms are read, when a credential or a handshake is in them, and
    /// their texts are as the sender may have signed them.
    case unverified
    /// The credential cannot be checked because the trigger's secret is still to come: everything is read but what would
    /// have to be inflated.
    case pending
    /// Everything is read.
    case verified
  }

  private static let contentType = Array("content-type".utf8)
  private static let contentEncoding = Array("content-encoding".utf8)
  /// Whose content is what the request is about (RFC 9110 §9.3.3, §9.3.4; RFC 5789 §2).
  private static let contentMethods = ["POST", "PUT", "PATCH"].map { Array($0.utf8) }
  /// By far the most frequent value.
  private static let plainJSON = Array("application/json".utf8)

  /// Reads the body of a request.
  package init(_ request: IncomingRequest, limits: Limits = Limits(), stage: Stage = .verified) throws(Fault) {
    guard !request.body.isEmpty else {
      self = try Self.empty(request, stage)
      return
    }
    guard request.body.count <= limits.bytes else {
      throw Fault(cause: .bodyTooLarge, message: "The body has more than \(limits.bytes) bytes.")
    }
    var type: [UInt8] = []
    var typeCount = 0
    var encodings: [[UInt8]] = []
    for index in request.headers.indices {
      let length = request.headers[index].name.count
      if length == Self.contentType.count, request.headers[index].name == Self.contentType {
        type = request.headers[index].value
        typeCount += 1
      } else if length == Self.contentEncoding.count, request.headers[index].name == Self.contentEncoding {
        encodings.append(request.headers[index].value)
      }
    }
    guard typeCount <= 1 else { throw Fault(message: "The request has \(typeCount) Content-Type fields.") }
    var bytes = request.body
    if !encodings.isEmpty {
      let coding = try ContentCoding(encodings)
      if !coding.isIdentity {
        guard stage == .verified else {
          self = .unread
          return
        }
        bytes = try coding.decode(bytes, limit: limits.bytes)
        guard !bytes.isEmpty else {
          self = try Self.empty(request, stage)
          return
        }
      }
    }
    self = type == Self.plainJSON ? try Self.json(bytes, limits) : try Self.read(bytes, type, limits, stage)
  }

  /// A request without bytes, which says that it has JSON: no fault before the caller is known, because handshakes and probes
  /// of providers come so, and their answer does not depend on a body.
  private static func empty(_ request: IncomingRequest, _ stage: Stage) throws(Fault) -> RequestBody {
    guard stage == .verified, contentMethods.contains(request.method), let field = request.header(contentType).value,
      MediaType(field)?.isJSON == true
    else { return .empty }
    throw Fault(message: "The Content-Type says JSON, and the body is empty. A request without a body has no Content-Type.")
  }

  private static func read(_ bytes: [UInt8], _ field: [UInt8], _ limits: Limits, _ stage: Stage) throws(Fault) -> RequestBody {
    guard !field.isEmpty else { return guessed(bytes, limits: limits) ?? (stage == .unverified ? .unread : .binary(bytes)) }
    guard let type = MediaType(field) else { throw Fault(message: "The Content-Type is not a media type.") }
    if type.isJSON {
      guard type.isUTF8 else { throw Fault(message: "JSON is UTF-8 (RFC 8259 §8.1); the Content-Type says otherwise.") }
      return try json(bytes, limits)
    }
    if type.isForm { return try form(bytes, stage == .unverified ? .utf8 : type.charset ?? .utf8, limits) }
    if type.isPlainText, let json = guessed(bytes, limits: limits) { return json }
    if stage == .unverified { return .unread }
    if type.isMultipartForm { return .multipart(try MultipartForm(bytes, type, limits: limits.multipart)) }
    if type.isXML { return .xml(try XMLBody.parse(bytes, type, limits: limits)) }
    if type.type == "text", let charset = type.charset { return .text(bytes, charset) }
    return .binary(bytes)
  }

  private static func json(_ bytes: [UInt8], _ limits: Limits) throws(Fault) -> RequestBody {
    do throws(JSONError) {
      return .json(try JSONDocument(bytes, limits: limits.json, acceptsByteOrderMark: true))
    } catch {
      throw Fault(cause: error.code == .tooLarge ? .bodyTooLarge : .bodyUnparseable, message: "The body is not JSON: \(error)")
    }
  }

  private static func form(_ bytes: [UInt8], _ charset: Charset, _ limits: Limits) throws(Fault) -> RequestBody {
    guard let fields = FormDecoding.pairs(bytes, limit: limits.formFields) else {
      throw Fault(cause: .bodyTooLarge, message: "The form has more than \(limits.formFields) fields.")
    }
    guard charset != .utf8 else { return .form(fields) }
    return .form(fields.map { FormField(name: charset.utf8($0.name), value: charset.utf8($0.value)) })
  }

  /// A JSON object or array that was sent without saying so.
  private static func guessed(_ bytes: [UInt8], limits: Limits) -> RequestBody? {
    let first = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d && $0 != 0xef && $0 != 0xbb && $0 != 0xbf }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
    return (try? JSONDocument(bytes, limits: limits.json, acceptsByteOrderMark: true)).map(RequestBody.json)
  }

  /// What the trigger's owner should know of how it was read.
  var notes: [DecisionNote] {
    switch self {
    case .empty, .json, .form, .xml, .text: []
    case .multipart(let form): form.notes
    case .unread:
      [
        DecisionNote(
          at: "body", code: "not_read",
          message: "The body is compressed and is inflated only once the caller can be verified; paths into body have no value.")
      ]
    case .binary:
      [DecisionNote(at: "body", code: "base64", message: "The body is no text of a known kind; body is its base 64 text.")]
    }
  }
}

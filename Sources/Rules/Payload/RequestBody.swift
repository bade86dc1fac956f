package import JSON

/// A request's body as its content type says to read it.
///
/// | content type | read as |
/// |---|---|
/// | none, empty body | nothing: `body` has no value |
/// | `application/json`, `text/json`, `…+json` | JSON, UTF-8 with or without a byte order mark |
/// | `application/x-www-form-urlencoded` | form |
/// | `text/plain`, or no content type | JSON if it is a JSON object or array (Amazon SNS sends it so), else not read |
/// | anything else | not read: `body` has no value, the bytes are kept |
///
/// Multipart, XML, text and binary content become further cases.
package enum RequestBody: Sendable {
  /// No bytes.
  case empty
  /// Bytes that no path can look into.
  case unread(contentType: [UInt8])
  /// A JSON document.
  case json(JSONDocument)
  /// Decoded pairs in order.
  case form([FormField])

  /// Why a body is not what its content type says.
  package struct Fault: Error, Hashable, Sendable {
    /// One sentence for the trigger's owner. Contains nothing of the body.
    package let message: String
  }

  /// How much a body may ask for.
  package struct Limits: Hashable, Sendable {
    /// Of JSON.
    package var json: JSONLimits
    /// Pairs of a form.
    package var formFields: Int

    /// Makes limits.
    package init(json: JSONLimits = JSONLimits(), formFields: Int = 10_000) {
      self.json = json
      self.formFields = formFields
    }
  }

  private static let contentType = Array("content-type".utf8)

  /// Reads the body of a request.
  package init(_ request: IncomingRequest, limits: Limits = Limits()) throws(Fault) {
    guard !request.body.isEmpty else {
      self = .empty
      return
    }
    let (value, count) = request.header(Self.contentType)
    guard count <= 1 else { throw Fault(message: "The request has \(count) Content-Type fields.") }
    guard let value, !value.isEmpty else {
      self = Self.guessed(request.body, limits: limits) ?? .unread(contentType: [])
      return
    }
    guard let type = MediaType(value) else { throw Fault(message: "The Content-Type is not a media type.") }
    if type.isJSON {
      guard type.isUTF8 else { throw Fault(message: "JSON is UTF-8 (RFC 8259 §8.1); the Content-Type says otherwise.") }
      do {
        self = .json(try JSONDocument(request.body, limits: limits.json, acceptsByteOrderMark: true))
      } catch {
        throw Fault(message: "The body is not JSON: \(error)")
      }
    } else if type.isForm {
      guard let fields = FormDecoding.pairs(request.body, limit: limits.formFields) else {
        throw Fault(message: "The form has more than \(limits.formFields) fields.")
      }
      self = .form(fields)
    } else if type.isPlainText {
      self = Self.guessed(request.body, limits: limits) ?? .unread(contentType: value)
    } else {
      self = .unread(contentType: value)
    }
  }

  /// A JSON object or array that was sent without saying so.
  private static func guessed(_ bytes: [UInt8], limits: Limits) -> RequestBody? {
    let first = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d && $0 != 0xef && $0 != 0xbb && $0 != 0xbf }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
    return (try? JSONDocument(bytes, limits: limits.json, acceptsByteOrderMark: true)).map(RequestBody.json)
  }
}

/// A request's body, read when it is first asked for and then kept: verification mostly needs the bytes only.
package struct LazyBody: Sendable {
  private let request: IncomingRequest
  private let limits: RequestBody.Limits
  private var read: Result<RequestBody, RequestBody.Fault>?

  /// Makes the body of a request, unread.
  package init(_ request: IncomingRequest, limits: RequestBody.Limits = RequestBody.Limits()) {
    self.request = request
    self.limits = limits
  }

  /// The body, or why it cannot be read.
  package mutating func parsed() throws(RequestBody.Fault) -> RequestBody {
    if let read { return try read.get() }
    do throws(RequestBody.Fault) {
      let body = try RequestBody(request, limits: limits)
      read = .success(body)
      return body
    } catch {
      read = .failure(error)
      throw error
    }
  }
}

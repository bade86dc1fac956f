import HeadgateProto
import NIOCore
import Observability

/// An answer before it is written.
struct Response {
  var status: Int
  /// Names as they are to be written. Fields of the connection and of framing are ignored: they are the edge node's.
  var fields: [Header] = []
  var body: [UInt8] = []

  /// `{"error": word}`, as the control plane words its refusals.
  static func error(_ status: Int, _ word: String, fields: [Header] = []) -> Response {
    Response(status: status, fields: [contentTypeJSON] + fields, body: Array("{\"error\":\"\(word)\"}".utf8))
  }

  static func text(_ status: Int, _ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
    Response(
      status: status, fields: [Header(name: Array("content-type".utf8), value: Array(contentType.utf8))], body: Array(text.utf8))
  }

  /// What an unknown key, a disabled trigger and any other path get: they cannot be told apart.
  static let notFound = error(404, "not_found")

  /// - Parameter retryAfter: when it is known how long a caller has to wait.
  static func refusal(_ refusal: HTTPRefusal, retryAfter: Duration? = nil) -> Response {
    var fields: [Header] = []
    if refusal == .methodNotAllowed {
      fields.append(Header(name: Array("allow".utf8), value: Array("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".utf8)))
    }
    if let retryAfter {
      fields.append(Self.retryAfter(retryAfter))
    } else if refusal == .overloaded {
      fields.append(Self.retryAfter())
    }
    return error(refusal.status, refusal.rawValue, fields: fields)
  }

  /// The control plane could not be asked in time: try again.
  static func unavailable() -> Response { error(503, "unavailable", fields: [retryAfter()]) }

  /// A random number of seconds, so that those who were refused together do not come back together.
  private static func retryAfter() -> Header {
    Header(name: Array("retry-after".utf8), value: Array("\(Int.random(in: 1...30))".utf8))
  }

  /// Whole seconds (RFC 9110 §10.2.3), never less than the wait.
  private static func retryAfter(_ wait: Duration) -> Header {
    let seconds = max(1, wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0))
    return Header(name: Array("retry-after".utf8), value: Array("\(seconds)".utf8))
  }

  private static let contentTypeJSON = Header(name: Array("content-type".utf8), value: Array("application/json".utf8))
}

extension Response {
  /// What happens to the connection after the answer, as its fields say it.
  enum Persistence {
    case close
    /// As HTTP/1.1 has it by default.
    case implicit
    /// As HTTP/1.0 wants to be told.
    case explicit
  }

  /// Appends the answer's bytes.
  ///
  /// - Parameters:
  ///   - isHead: the request was HEAD: everything but the body.
  ///   - date: the line of the Date header with its line end.
  func write(into buffer: inout ByteBuffer, isHead: Bool, persistence: Persistence, date: [UInt8]) {
    let status = StatusLines.range.contains(self.status) ? self.status : 503
    buffer.writeBytes(StatusLines.line(status))
    buffer.writeBytes(date)
    for field in fields where Self.isWritable(field) {
      buffer.writeBytes(field.name)
      buffer.writeStaticString(": ")
      buffer.writeBytes(field.value)
      buffer.writeStaticString("\r\n")
    }
    switch persistence {
    case .close: buffer.writeStaticString("connection: close\r\n")
    case .implicit: break
    case .explicit: buffer.writeStaticString("connection: keep-alive\r\n")
    }
    // RFC 9110 §8.6: no length where there can be no body.
    let hasBody = status != 204 && status != 304
    if hasBody {
      buffer.writeStaticString("content-length: ")
      buffer.writeDecimal(body.count)
      buffer.writeStaticString("\r\n\r\n")
      if !isHead { buffer.writeBytes(body) }
    } else {
      buffer.writeStaticString("\r\n")
    }
  }

  /// Not one of the fields that the edge node writes itself, and nothing that would end the line early.
  private static func isWritable(_ field: Header) -> Bool {
    guard !field.name.isEmpty, field.name.allSatisfy({ ByteClass.token.contains($0) }),
      field.value.allSatisfy({ ByteClass.isFieldValue($0) })
    else { return false }
    switch field.name.count {
    case 4, 6, 7, 10, 14, 17: return !own.contains(field.name.map(ByteClass.lowercased))
    default: return true
    }
  }

  private static let own: Set<[UInt8]> = Set(
    ["date", "server", "connection", "keep-alive", "content-length", "transfer-encoding", "trailer", "upgrade"].map {
      Array($0.utf8)
    })
}

extension ByteBuffer {
  fileprivate mutating func writeDecimal(_ number: Int) {
    if number < 10 {
      writeInteger(UInt8(number) + 0x30)
    } else {
      writeString(String(number))
    }
  }
}

/// Status line and Server header of every status, made once.
private enum StatusLines {
  static let range = 200...599

  static func line(_ status: Int) -> [UInt8] { lines[status - range.lowerBound] }

  private static let lines: [[UInt8]] = range.map { Array("HTTP/1.1 \($0) \(reason($0))\r\nserver: headgate\r\n".utf8) }

  /// RFC 9110 §15 and RFC 6585; the phrase means nothing to a client (RFC 9112 §4).
  private static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
  }
}

/// The Date header's line, made once a second. Of one event loop.
struct DateLine {
  private var second: Int64 = -1
  private var bytes: [UInt8] = []

  mutating func bytes(at now: WallTime) -> [UInt8] {
    let second = now.microseconds / 1_000_000
    if second != self.second {
      self.second = second
      bytes = Array("date: \(now.httpDate)\r\n".utf8)
    }
    return bytes
  }
}

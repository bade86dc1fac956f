internal import Addresses

/// Browsers' cross-origin requests (Fetch Standard §3.2) to a trigger with a list of origins.
enum CrossOrigin {
  /// Whether a request only asks for permission: OPTIONS with `Origin` and `Access-Control-Request-Method`.
  static func isPreflight(_ request: IncomingRequest) -> Bool {
    request.method.elementsEqual("OPTIONS".utf8) && request.header(originName).count > 0
      && request.header(requestMethodName).count == 1
  }

  /// Whether the request's single `Origin` is in the list. None or several are not; an empty list allows everything.
  static func isAllowed(_ request: IncomingRequest, by list: [OriginPattern]) -> Bool {
    guard !list.isEmpty else { return true }
    guard let origin = request.origin, let text = String(validating: origin, as: UTF8.self) else { return false }
    return list.contains { $0.matches(text) }
  }

  /// The permission: methods of the trigger, and the header fields that were asked for.
  static func permission(for request: IncomingRequest, methods: AllowedMethods) -> HTTPAnswer {
    var answer = HTTPAnswer(status: 204, headers: fields(for: request))
    answer.headers.append(HeaderField("access-control-allow-methods", methods.allowField))
    let asked = request.header(requestHeadersName)
    if asked.count == 1, let names = asked.value, names.count <= namesLimit, isTokenList(names) {
      answer.headers.append(HeaderField(name: allowHeadersName, value: names))
    }
    answer.headers.append(HeaderField("access-control-max-age", String(maximumAgeSeconds)))
    return answer
  }

  /// What lets the page of an allowed origin read an answer.
  static func fields(for request: IncomingRequest) -> [HeaderField] {
    guard let origin = request.origin else { return [] }
    return [HeaderField(name: allowOriginName, value: origin), HeaderField("vary", "Origin")]
  }

  /// How long a browser may remember the permission.
  private static let maximumAgeSeconds = 600
  /// The longest list of header names that is repeated to the browser.
  private static let namesLimit = 1024

  private static let originName = Array("origin".utf8)
  private static let requestMethodName = Array("access-control-request-method".utf8)
  private static let requestHeadersName = Array("access-control-request-headers".utf8)
  private static let allowHeadersName = Array("access-control-allow-headers".utf8)
  private static let allowOriginName = Array("access-control-allow-origin".utf8)

  private static func isTokenList(_ bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy { name in
      var token = name
      while token.first == 0x20 { token.removeFirst() }
      while token.last == 0x20 { token.removeLast() }
      return HTTPToken.isToken(token)
    }
  }
}

package import Identifiers

/// What a caller is answered.
package struct HTTPAnswer: Hashable, Sendable {
  /// The status code.
  package var status: Int
  /// Names lower-case; no content-length.
  package var headers: [HeaderField]
  /// The body.
  package var body: [UInt8]

  /// Makes an answer.
  package init(status: Int, headers: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The answer to a request that was not accepted: `{"error":"unauthorized"}` and the like.
  ///
  /// It depends on the status alone, so that a stranger learns nothing of the cause. A 401 names the one challenge that
  /// RFC 9110 §15.5.2 demands, whatever the trigger's mode.
  package static func refusal(_ cause: RefusalCause) -> HTTPAnswer {
    var headers = [jsonType]
    if cause.status == 401 { headers.append(challenge) }
    return HTTPAnswer(status: cause.status, headers: headers, body: Array("{\"error\":\"\(cause.publicWord)\"}".utf8))
  }

  /// 405 with the methods that are allowed.
  package static func methodNotAllowed(_ methods: AllowedMethods) -> HTTPAnswer {
    var answer = refusal(.methodNotAllowed)
    answer.headers.append(HeaderField("allow", methods.allowField))
    return answer
  }

  /// The answer to an accepted request, by default `{"id":"…","status":"accepted"}`.
  ///
  /// - Parameter id: Of the request; of the first one when this is its repetition.
  package static func accepted(_ settings: ResponseSettings, id: UniqueID) -> HTTPAnswer {
    var answer = HTTPAnswer(status: settings.status, headers: settings.headers)
    guard settings.status != 204, settings.status != 205 else { return answer }
    if let body = settings.body {
      answer.body = Array(body.utf8)
      answer.headers.insert(settings.contentType.map { HeaderField("content-type", $0) } ?? textType, at: 0)
    } else {
      answer.body = Array("{\"id\":\"\(id)\",\"status\":\"accepted\"}".utf8)
      answer.headers.insert(settings.contentType.map { HeaderField("content-type", $0) } ?? jsonType, at: 0)
    }
    return answer
  }

  private static let jsonType = HeaderField("content-type", "application/json")
  private static let textType = HeaderField("content-type", "text/plain; charset=utf-8")
  private static let challenge = HeaderField("www-authenticate", "Bearer realm=\"webhook\"")
}

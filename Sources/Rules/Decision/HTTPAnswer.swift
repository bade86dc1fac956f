package import Identifiers

/// What a caller is answered.
package struct HTTPAnswer: Hashable, Sendable {
  /// The status code.
  package var status: Int
  /// Names lower-case; no content-length.
  package var headers: [HeaderField]
  /// The body.
  package var body: [UInt8]
  /// Where the request's id stands.
  var idPlaces: [IDPlace] = []

  /// A place of the request's id.
  struct IDPlace: Hashable, Sendable {
    /// The position of the field in `headers`; `nil`: in the body.
    var header: Int?
    /// Of the first byte, in the field's value or in the body.
    var offset: Int
  }

  /// Makes an answer.
  package init(status: Int, headers: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The same answer with the id of another request wherever its own stands: a repeated delivery is answered as the first.
  package func naming(_ id: UniqueID) -> HTTPAnswer {
    var answer = self
    for place in idPlaces {
      if let header = place.header {
        Self.write(id, at: place.offset, in: &answer.headers[header].value)
      } else {
        Self.write(id, at: place.offset, in: &answer.body)
      }
    }
    return answer
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

  /// The answer to an accepted request, by default `{"id":"…","status":"accepted"}`, as far as it does not depend on the
  /// request: templates stay as they were written.
  ///
  /// - Parameter id: Of the request.
  package static func accepted(_ settings: ResponseSettings, id: UniqueID) -> HTTPAnswer {
    var answer = HTTPAnswer(status: settings.status, headers: settings.headers)
    guard settings.status != 204, settings.status != 205 else { return answer }
    if let body = settings.body {
      answer.body = Array(body.utf8)
      answer.headers.insert(settings.contentType.map { HeaderField("content-type", $0) } ?? textType, at: 0)
    } else {
      answer.body = defaultBody
      write(id, at: bodyPlaces[0].offset, in: &answer.body)
      answer.headers.insert(settings.contentType.map { HeaderField("content-type", $0) } ?? jsonType, at: 0)
      answer.idPlaces = bodyPlaces
    }
    return answer
  }

  /// Over as many bytes as an id has.
  private static func write(_ id: UniqueID, at offset: Int, in bytes: inout [UInt8]) {
    var position = offset
    for digit in 0..<32 {
      if digit == 8 || digit == 12 || digit == 16 || digit == 20 { position += 1 }
      let half = digit < 16 ? id.high : id.low
      let value = UInt8(truncatingIfNeeded: half >> (60 - 4 * UInt64(digit & 15)) & 0xf)
      bytes[position] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
      position += 1
    }
  }

  private static let bodyBeforeID = "{\"id\":\""
  private static let bodyPlaces = [IDPlace(header: nil, offset: bodyBeforeID.utf8.count)]
  private static let defaultBody = Array("\(bodyBeforeID)00000000-0000-0000-0000-000000000000\",\"status\":\"accepted\"}".utf8)
  private static let jsonType = HeaderField("content-type", "application/json")
  private static let textType = HeaderField("content-type", "text/plain; charset=utf-8")
  private static let challenge = HeaderField("www-authenticate", "Bearer realm=\"webhook\"")
}

import Testing

@testable import Edge

/// llhttp's cases for requests, as a strict parser reads them.
@Suite(.enabled(if: Corpora.arePresent, Corpora.absence)) struct LLHTTPCorpusTests {
  /// Read by llhttp and refused here, and why.
  static let refused: [String: String] = [
    "method.md: M-SEARCH request": "* is for OPTIONS alone (RFC 9112 §3.2.4)",
    "method.md: SOURCE request with ICE": "only HTTP is spoken", "method.md: OPTIONS request with RTSP": "only HTTP is spoken",
    "method.md: ANNOUNCE request with RTSP": "only HTTP is spoken", "sample.md: No HTTP version": "HTTP/0.9 is not spoken",
    "transfer-encoding.md: POST with `chunked` as last transfer-encoding": "no coding but chunked is understood (RFC 9112 §6.1)",
    "transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple headers)":
      "no coding but chunked is understood (RFC 9112 §6.1)",
    "uri.md: `host:port` and basic auth": "name and password in a target are an error (RFC 9110 §4.2.4)",
    "uri.md: Fragment in URI": "a fragment is not part of a request target (RFC 9112 §3.2)",
  ]

  /// llhttp's codes that are not about the message: an upgrade (22), data after the last message of a connection (5).
  static let pauses: Set<Int> = [22, 5]

  /// The cases come without their last line end, and llhttp does not ask for Host.
  private static func completed(_ item: Corpora.LLHTTPCase) -> [UInt8] {
    let payload = String(decoding: item.bytes, as: UTF8.self)
    let with =
      payload.lowercased().contains("\r\nhost:")
      ? payload : payload.replacing(" HTTP/1.1\r\n", with: " HTTP/1.1\r\nHost: added\r\n")
    return Array((with + "\r\n\r\n").utf8)
  }

  @Test(arguments: Arrival.allCases)
  func agreesOnWhatIsRefused(_ arrival: Arrival) throws {
    var count = 0
    for item in try Corpora.llhttpStrict() where item.errorCode != 0 && !Self.pauses.contains(item.errorCode) {
      count += 1
      let reading = Reading(Self.completed(item), arrival)
      #expect(reading.refusal != nil && reading.complete.count <= item.messages, "\(item.name)")
    }
    #expect(count > 30, "the file is not the one that is meant")
  }

  @Test(arguments: Arrival.allCases)
  func agreesOnWhatIsRead(_ arrival: Arrival) throws {
    var count = 0
    for item in try Corpora.llhttpStrict() where item.errorCode == 0 && item.messages > 0 {
      count += 1
      let reading = Reading(Self.completed(item), arrival)
      if Self.refused[item.name] != nil {
        #expect(reading.refusal != nil && reading.complete.isEmpty, "\(item.name)")
      } else {
        #expect(reading.complete.count >= item.messages, "\(item.name): \(reading.refusal.map { "\($0)" } ?? "incomplete")")
      }
    }
    #expect(count > 50, "the file is not the one that is meant")
  }

  /// What llhttp would hand to another protocol is never answered as a webhook, unless the offer may be ignored.
  @Test func upgradesAreNotFollowed() throws {
    for item in try Corpora.llhttpStrict() where item.errorCode == 22 {
      #expect(Reading(Self.completed(item)).complete.isEmpty, "\(item.name)")
    }
  }
}

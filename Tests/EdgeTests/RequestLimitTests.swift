import Testing

@testable import Edge

/// Every limit at its edge: what is allowed passes, one more does not, however the bytes arrive.
@Suite struct RequestLimitTests {
  static let limits = HTTPLimits(targetBytes: 300, headerBytes: 500, headerFields: 7, bodyBytes: 1000, chunkOverheadBytes: 60)

  private func expect(_ bytes: String, _ refusal: HTTPRefusal?, _ comment: Comment? = nil) {
    for arrival in Arrival.allCases {
      let reading = Reading(bytes, arrival, limits: Self.limits)
      #expect(reading.refusal == refusal, comment)
      #expect(reading.complete.count == (refusal == nil ? 1 : 0), comment)
    }
  }

  @Test func method() {
    expect("UPDATEREDIRECTREF / HTTP/1.0\r\n\r\n", nil)
    expect("UPDATEREDIRECTREFS / HTTP/1.0\r\n\r\n", .methodUnknown)
    expect(String(repeating: "M", count: HTTPLimits.methodBytes + 1), .malformedRequestLine, "without an end in sight")
  }

  @Test func target() {
    let longest = "/" + String(repeating: "a", count: 299)
    expect("GET \(longest) HTTP/1.0\r\n\r\n", nil)
    expect("GET \(longest)a HTTP/1.0\r\n\r\n", .targetTooLong)
    expect("GET \(longest)aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", .targetTooLong, "without an end in sight")
  }

  @Test func headerBytes() {
    // "a: " and the line's end are five bytes.
    expect("GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 495))\r\n\r\n", nil)
    expect("GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 496))\r\n\r\n", .headersTooLarge)
    expect("GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 245))\r\na: \(String(repeating: "b", count: 245))\r\n\r\n", nil)
    expect(
      "GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 245))\r\na: \(String(repeating: "b", count: 246))\r\n\r\n",
      .headersTooLarge)
    expect("GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 600))", .headersTooLarge, "without an end in sight")
  }

  @Test func headerFields() {
    expect("GET / HTTP/1.0\r\n\(String(repeating: "a: b\r\n", count: 7))\r\n", nil)
    expect("GET / HTTP/1.0\r\n\(String(repeating: "a: b\r\n", count: 8))\r\n", .headersTooLarge)
    expect(
      "GET / HTTP/1.0\r\n\(String(repeating: "te: b\r\n", count: 8))\r\n", .headersTooLarge, "fields that are not forwarded count"
    )
  }

  @Test func announcedBody() {
    expect("POST / HTTP/1.0\r\nContent-Length: 1000\r\n\r\n\(String(repeating: "x", count: 1000))", nil)
    expect("POST / HTTP/1.0\r\nContent-Length: 1001\r\n\r\n", .bodyTooLarge, "before a byte of it was read")
  }

  @Test func chunkedBody() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    expect(head + "3e8\r\n\(String(repeating: "x", count: 1000))\r\n0\r\n\r\n", nil)
    expect(head + "3e9\r\n", .bodyTooLarge, "before a byte of it was read")
    expect(head + "3e8\r\n\(String(repeating: "x", count: 1000))\r\n1\r\n", .bodyTooLarge)
    expect(head + "7fffffffffffffff\r\n", .bodyTooLarge)
    expect(head + "ffffffffffffffff\r\n", .bodyTooLarge)
    expect(head + String(repeating: "1\r\nx\r\n", count: 1000) + "0\r\n\r\n", nil, "chunks of one byte")
  }

  @Test func chunkOverhead() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    let longest = ";" + String(repeating: "e", count: 59)
    expect(head + "1\(longest)\r\nx\r\n0\r\n\r\n", nil)
    expect(head + "1\(longest)e\r\nx\r\n0\r\n\r\n", .chunkOverheadTooLarge)
    expect(head + "1\r\nx\r\n0\r\na: \(String(repeating: "t", count: 55))\r\n\r\n", nil)
    expect(head + "1\r\nx\r\n0\r\na: \(String(repeating: "t", count: 56))\r\n\r\n", .chunkOverheadTooLarge)
    expect(
      head + "1;\(String(repeating: "e", count: 29))\r\nx\r\n0\r\na: \(String(repeating: "t", count: 26))\r\n\r\n",
      .chunkOverheadTooLarge, "both together")
    expect(head + "1;" + String(repeating: "e", count: 200), .chunkOverheadTooLarge, "without an end in sight")
    expect(head + "0\r\n" + String(repeating: "e", count: 200), .chunkOverheadTooLarge, "without an end in sight")
    expect(head + "0\r\n" + String(repeating: "a:\r\n", count: 8) + "\r\n", .chunkOverheadTooLarge, "trailer lines are counted")
  }
}

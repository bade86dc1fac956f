import HeadgateProto
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Edge

/// The parser against llhttp, which SwiftNIO brings along: whatever is read here, llhttp reads as well, and as the same. Two
/// readers of one connection that disagree are what smuggling needs.
@Suite struct DifferentialTests {
  /// What llhttp made of some bytes.
  struct Oracle {
    struct Request {
      var method: String
      var target: String
      var fields: [(String, String)]
      var body: [UInt8] = []
      var isComplete = false
    }

    var requests: [Request] = []
    var failed = false

    init(_ bytes: [UInt8]) throws {
      let channel = EmbeddedChannel(loop: EmbeddedEventLoop())
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldCount = 1000
      try channel.pipeline.syncOperations.addHandler(
        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
      do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { failed = true }
      while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
        switch part {
        case .head(let head):
          requests.append(
            Request(method: head.method.rawValue, target: head.uri, fields: head.headers.map { ($0.name.lowercased(), $0.value) })
          )
        case .body(let body): requests[requests.count - 1].body += body.readableBytesView
        case .end: requests[requests.count - 1].isComplete = true
        }
      }
      _ = try? channel.finish(acceptAlreadyClosed: true)
    }
  }

  static let seeds: [String] = [
    post(), post(body: "", "Connection: keep-alive\r\n"), "GET /w/\(key)/a?b=c HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n",
    "HEAD / HTTP/1.0\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b c\";d\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nA\r\n0123456789\r\n000\r\n\r\n",
    "PUT /a HTTP/1.1\r\nHost: a:1\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\n\r\nabc",
    post(body: "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\n\r\nx"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nDELETE /a HTTP/1.1\r\nHost: [::1]:8\r\n\r\n",
  ]

  static let pieces: [String] = [
    "\r\n", "\n", "\r", " ", "\t", ":", ";", ",", "\0", "0", "1", "-1", "+", "chunked", "Transfer-Encoding: chunked\r\n",
    "Content-Length: 1\r\n", "Content-Length: 0\r\n", "Host: b\r\n", "\"", "\\", "=",
    "HTTP/1.1", "HTTP/1.0", "GET / ", "identity, ", "close", "Connection: close\r\n", "x", "\u{7f}", "é", "#", "?", "%", "*",
    "//", "0\r\n\r\n", "\r\n\r\n", "a: b\r\n", " \r\n",
  ]

  private static func mutate(_ seed: [UInt8], _ source: inout SplitMix) -> [UInt8] {
    var bytes = seed
    for _ in 0..<Int.random(in: 0...3, using: &source) {
      let index = Int.random(in: 0...bytes.count, using: &source)
      switch Int.random(in: 0..<5, using: &source) {
      case 0: bytes.insert(contentsOf: Array((pieces.randomElement(using: &source) ?? "").utf8), at: index)
      case 1: if index < bytes.count { bytes.remove(at: index) }
      case 2: if index < bytes.count { bytes[index] = UInt8.random(in: 0...255, using: &source) }
      case 3: if index < bytes.count { bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &source) }
      default:
        let end = min(bytes.count, index + Int.random(in: 0...20, using: &source))
        bytes.insert(contentsOf: bytes[index..<end], at: index)
      }
    }
    return bytes
  }

  /// 4 × 30,000 mutated connections of one or two requests.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func whatIsReadHereIsReadTheSameByLLHTTP(_ seed: UInt64) throws {
    var source = SplitMix(state: seed)
    var read = 0
    for _ in 0..<30_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...2, using: &source) {
        bytes += Self.mutate(Array((Self.seeds.randomElement(using: &source) ?? "").utf8), &source)
      }
      let ours = Reading(bytes)
      // Cutting the bytes up changes nothing.
      let pieces = Reading(bytes, .inPieces)
      #expect(pieces.refusal == ours.refusal && pieces.complete == ours.complete, "\(text(bytes).debugDescription)")
      guard !ours.complete.isEmpty else { continue }
      let theirs = try Oracle(bytes)
      for (index, request) in ours.complete.enumerated() {
        // llhttp knows fewer methods.
        guard Self.methods.contains(text(request.head.method)) else { break }
        guard index < theirs.requests.count, theirs.requests[index].isComplete else {
          // The version that SwiftNIO brings refuses a tab after a length and after a semicolon, which later ones read (and RFC 9110
          // §5.6.3 and RFC 9112 §7.1.1 allow).
          if bytes.contains(0x09) { break }
          Issue.record("llhttp does not read \(text(bytes).debugDescription)")
          break
        }
        let other = theirs.requests[index]
        #expect(other.method == text(request.head.method), "\(text(bytes).debugDescription)")
        #expect(other.target == text(request.head.target), "\(text(bytes).debugDescription)")
        #expect(other.body == request.body, "\(text(bytes).debugDescription)")
        let forwarded = request.head.fields.map { (text($0.name), text($0.value)) }
        let names = Set(forwarded.map(\.0))
        // llhttp leaves blanks at the end of a value.
        let fields = other.fields.filter { names.contains($0.0) }.map { "\($0.0)=\($0.1.trimmedRight)" }
        #expect(fields == forwarded.map { "\($0.0)=\($0.1)" }, "\(text(bytes).debugDescription)")
        read += 1
        // After the last request of a connection llhttp reads on only if it is lenient; a closed connection cannot be out of step.
        if !request.head.keepsAlive { break }
      }
    }
    #expect(read > 5000, "the mutations leave too little to compare")
  }

  static let methods: Set<String> = ["POST", "GET", "HEAD", "PUT", "OPTIONS", "PATCH", "DELETE"]
}

extension String {
  fileprivate var trimmedRight: String { String(reversed().drop { $0 == " " || $0 == "\t" }.reversed()) }
}

import CZlib
import FoundationEssentials
import HeadgateProto
import Testing

@testable import Edge

/// Bodies that are made to cost more than they should: refused within time and memory, and the next caller is served.
@Suite("Hostile bodies over HTTP", .serialized, .timeLimit(.minutes(3)))
struct HostileBodyTests {
  /// The largest body that can be configured.
  private static let bodyBytes = 3_145_728

  /// Runs `body` with a trigger that takes anything, and says whether time and memory stayed within bounds.
  private func bounded(
    mebibytes: Int, within limit: Duration, _ body: (RunningSystem, String) async throws -> Void
  ) async throws {
    try await withSystem(edge: { $0.limits.bodyBytes = Self.bodyBytes }) { system in
      let key = try await system.publish(
        flow: "hostile", trigger: #""auth": {"mode": "public"}, "map": [{"variable": "a", "from": "body.a"}]"#)
      let first = try await system.send(Webhook(key, "{}"))
      #expect(first.status == 200)
      let before = try Self.residentKibibytes()
      let start = ContinuousClock.now
      try await body(system, key)
      #expect(.now - start < limit)
      let growth = (try Self.residentKibibytes() - before) / 1024
      #expect(growth < mebibytes, "MiB more than before")
      let last = try await system.send(Webhook(key, "{}"))
      #expect(last.status == 200)
      #expect(system.edge.load.bytes == 0 && system.edge.load.requests == 0)
    }
  }

  /// The most memory this process ever had.
  private static func residentKibibytes() throws -> Int {
    let status = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/status")), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber)))
  }

  @Test("A gzip body of 3 MB that holds 3 GB")
  func gzip() async throws {
    let bomb = Self.zeros(bytes: Self.bodyBytes)
    try await bounded(mebibytes: 64, within: .seconds(10)) { system, key in
      for type in ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"] {
        var webhook = Webhook(key, body: bomb)
        webhook.headers = [("content-type", type), ("content-encoding", "gzip")]
        let answer = try await system.send(webhook)
        #expect(answer.status == 413, "\(type)")
      }
    }
  }

  @Test("10 MB of gzip that hold 10 GB, announced and in chunks")
  func largeGzip() async throws {
    let bomb = Self.zeros(bytes: 10 << 20)
    try await bounded(mebibytes: 64, within: .seconds(10)) { system, key in
      let head = "POST /w/\(key) HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
      let announced = try await HTTPCaller.send(
        [Array((head + "content-length: \(bomb.count)\r\n\r\n").utf8), bomb], to: system.port)
      #expect(announced.status == 413)
      let chunks = stride(from: 0, to: bomb.count, by: 1 << 16).map { start in
        let piece = bomb[start..<min(start + 1 << 16, bomb.count)]
        return Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
      }
      let chunked = try await HTTPCaller.send(
        [Array((head + "transfer-encoding: chunked\r\n\r\n").utf8)] + chunks, to: system.port)
      #expect(chunked.status == 413)
    }
  }

  /// Bodies and what they may be answered.
  private static let structures: [(type: String, body: String, statuses: Set<Int>)] = {
    let laughs = (1...9).map { level in
      let name = "&l\(level - 1);"
      return "<!ENTITY l\(level) '\(String(repeating: name, count: 10))'>"
    }.joined()
    let long = String(repeating: "x", count: 50_000)
    let attributes = (0..<200_000).map { "a\($0)=''" }.joined(separator: " ")
    let half = "\(String(repeating: "[", count: 128))\(String(repeating: "]", count: 128))"
    let nested = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\nContent-Disposition: form-data; name=a\r\n\r\n"
    let doubled = String(repeating: ",\"a\":0", count: 500_000)
    let form = "application/x-www-form-urlencoded"
    return [
      ("application/xml", "<!DOCTYPE a [<!ENTITY l0 'lol'>\(laughs)]><a>&l9;</a>", [400]),
      ("application/xml", "<!DOCTYPE a [<!ENTITY x '\(long)'>]><a>\(String(repeating: "&x;", count: 50_000))</a>", [400]),
      ("application/xml", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", [400]),
      ("application/xml", "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>", [400]),
      ("application/xml", "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]><a/>", [400]),
      ("application/xml", String(repeating: "<a>", count: 400_000), [400, 413]),
      ("text/xml", "<a \(attributes)/>", [200, 400, 413]),
      ("text/xml", "<a>\(String(repeating: "<b/>", count: 700_000))</a>", [200, 413]),
      // One name, as often as it fits: the last one counts.
      ("application/json", "{\"a\":1\(doubled)}", [200]),
      ("application/json", half, [200]), ("application/json", "[\(half)]", [400]),
      // A field that holds deep JSON is looked into by no path.
      (form, "a=\(String(repeating: "[", count: 2_000_000))", [200]), (form, String(repeating: "&a", count: 1_000_000), [413]),
      ("multipart/form-data; boundary=b", String(repeating: nested, count: 20_000), [400, 413]),
    ]
  }()

  @Test("XML that names its entities, and XML, JSON, forms and multipart that are deep or wide")
  func structure() async throws {
    let structures = Self.structures
    try await bounded(mebibytes: 256, within: .seconds(30)) { system, key in
      for (index, (type, body, statuses)) in structures.enumerated() {
        var webhook = Webhook(key, body)
        webhook.headers = [("content-type", type)]
        let answer = try await system.send(webhook)
        #expect(statuses.contains(answer.status), "\(index): \(answer.status) \(answer.body)")
      }
    }
  }

  @Test("Charsets that are not what they say")
  func charsets() async throws {
    try await bounded(mebibytes: 64, within: .seconds(10)) { system, key in
      let cases: [(String, [UInt8], Int)] = [
        ("application/json; charset=utf-16", Array("{}".utf8), 400), ("application/json", [0xfe, 0xff, 0, 0x7b, 0, 0x7d], 400),
        ("application/json", [0x7b, 0, 0x7d, 0], 400),
        ("application/json", Array("{\"a\":\"".utf8) + [0xc0, 0xaf] + Array("\"}".utf8), 400),
        ("application/json", Array("{\"a\":\"\\ud800\"}".utf8), 400), ("application/json; charset=utf-7", Array("{}".utf8), 400),
        ("text/xml; charset=utf-16", Array("<a/>".utf8), 400),
        ("text/xml", Array("<?xml version='1.0' encoding='utf-16'?><a/>".utf8), 400),
        ("text/xml; charset=ebcdic-cp-us", Array("<a/>".utf8), 400), ("text/xml; charset=utf-7", Array("+ADw-a/>".utf8), 400),
        ("text/plain; charset=utf-8", [0xff, 0xfe, 0xc3], 200), ("text/plain; charset=nonsense", [0xff], 200),
        ("application/x-www-form-urlencoded; charset=utf-16", Array("a=%D8%00".utf8), 200),
      ]
      for (index, (type, body, expected)) in cases.enumerated() {
        var webhook = Webhook(key, body: body)
        webhook.headers = [("content-type", type)]
        let answer = try await system.send(webhook)
        #expect(answer.status == expected, "case \(index), \(type): \(answer.body)")
      }
    }
  }

  @Test("As many keys as fit into an object")
  func keys() async throws {
    var body = Array("{\"a\":1".utf8)
    var number = 0
    while body.count < Self.bodyBytes - 16 {
      body += Array(",\"\(String(number, radix: 36))\":0".utf8)
      number += 1
    }
    body += Array("}".utf8)
    #expect(number > 300_000)
    let whole = body
    try await bounded(mebibytes: 256, within: .seconds(10)) { system, key in
      let deep = Array(repeating: UInt8(ascii: "["), count: Self.bodyBytes)
      // A number of three million digits is one.
      let long = Array("[1".utf8) + Array(repeating: UInt8(ascii: "0"), count: 3_000_000) + Array("]".utf8)
      for (body, status) in [(whole, 200), (whole.dropLast() + Array(",}".utf8), 400), (deep, 400), (long, 200)] {
        let answer = try await system.send(Webhook(key, body: body))
        #expect(answer.status == status, "\(answer.body)")
      }
    }
  }

  @Test("A form field of 100 MB, announced and in chunks")
  func field() async throws {
    try await bounded(mebibytes: 32, within: .seconds(10)) { system, key in
      let piece = Array(repeating: UInt8(ascii: "x"), count: 1 << 16)
      let head = "POST /w/\(key) HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n"
      let announced = try await HTTPCaller.send(
        [Array((head + "content-length: 104857600\r\n\r\na=").utf8)] + repeatElement(piece, count: 1600), to: system.port)
      #expect(announced.status == 413)
      let chunk = Array("10000\r\n".utf8) + piece + Array("\r\n".utf8)
      let chunked = try await HTTPCaller.send(
        [Array((head + "transfer-encoding: chunked\r\n\r\n").utf8)] + repeatElement(chunk, count: 1600), to: system.port)
      #expect(chunked.status == 413)
    }
  }

  @Test("Multipart bodies without an end")
  func multipart() async throws {
    try await bounded(mebibytes: 128, within: .seconds(10)) { system, key in
      let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
      let filler = Array(repeating: UInt8(ascii: "x"), count: 3_000_000)
      let parts = Array(String(repeating: part + "\r\n", count: 50_000).utf8)
      let bodies: [[UInt8]] = [
        Array(part.utf8), Array(part.utf8) + filler, parts, filler,
        Array("--b\r\nContent-Disposition: form-data; name=\"a\"".utf8) + filler, Array("--b".utf8),
      ]
      for (index, body) in bodies.enumerated() {
        var webhook = Webhook(key, body: body)
        webhook.headers = [("content-type", "multipart/form-data; boundary=b")]
        let answer = try await system.send(webhook)
        #expect(answer.status == ([2, 4].contains(index) ? 413 : 400), "body \(index): \(answer.body)")
      }
    }
  }

  /// A gzip stream of zeros without an end, so many bytes long: one compressed mebibyte again and again.
  private static func zeros(bytes count: Int) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = [UInt8](repeating: 0, count: 1 << 20)
    let block = input.withUnsafeMutableBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: 1 << 16) { output, count in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        // Flushed in full, so that it can be repeated.
        deflate(&stream, Z_FULL_FLUSH)
        count = output.count - Int(stream.avail_out)
      }
    }
    var whole: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
    while whole.count + block.count <= count { whole += block }
    return whole
  }
}

import JSON
import Testing

@testable import Rules

/// Content-Encoding, and bodies that ask for too much.
@Suite struct RequestBodyEncodingTests {
  private static let json = Array(#"{"n":9007199254740993,"e":1e400}"#.utf8)
  private static let map = #""map":[{"variable":"n","from":"body.n"},{"variable":"e","from":"body.e"}]"#
  private static let open = #""auth":{"mode":"public"},"#

  private func request(_ body: [UInt8], _ encoding: String...) -> IncomingRequest {
    BodySample.request("application/json", body, encoding: encoding)
  }

  // MARK: what is refused

  @Test(arguments: [
    "br", "zstd", "compress", "x-compress", "gzip, br", "gzip;q=1", "gzip gzip", "aes128gcm", "gzip, gzip, gzip", "\"gzip\"",
  ])
  func refusesOtherEncodings(_ encoding: String) throws {
    let request = request(BodySample.gzip(Self.json), encoding)
    #expect(BodySample.cause(request) == .encodingUnsupported)
    let decision = try Sample.trigger(Self.open + Self.map).evaluate(request)
    #expect(decision.kind == .rejected(.encodingUnsupported))
    #expect(decision.answer.status == 415)
    #expect(decision.answer.headers.contains(HeaderField("accept-encoding", "gzip, deflate")))
    #expect(Sample.text(decision.answer.body) == #"{"error":"unsupported_encoding"}"#)
  }

  @Test func refusesALongListOfEncodings() {
    #expect(BodySample.cause(request(Self.json, Array(repeating: "identity", count: 16).joined(separator: ","))) == nil)
    #expect(
      BodySample.cause(request(Self.json, Array(repeating: "identity", count: 17).joined(separator: ","))) == .encodingUnsupported
    )
  }

  @Test func refusesWhatIsNotOfItsEncoding() {
    let gzip = BodySample.gzip(Self.json)
    for count in 1..<gzip.count {
      #expect(BodySample.cause(request(Array(gzip.prefix(count)), "gzip")) == .bodyUnparseable, "\(count) of \(gzip.count) bytes")
    }
    #expect(BodySample.cause(request(Self.json, "gzip")) == .bodyUnparseable)
    #expect(BodySample.cause(request(Self.json, "deflate")) == .bodyUnparseable)
    #expect(BodySample.cause(request(gzip, "deflate")) == .bodyUnparseable)
    #expect(BodySample.cause(request(gzip)) == .bodyUnparseable)
    #expect(BodySample.cause(request(gzip + [0], "gzip")) == .bodyUnparseable)
    #expect(BodySample.cause(request(gzip, "gzip, gzip")) == .bodyUnparseable)
    #expect(BodySample.cause(request(BodySample.gzip(Array("{".utf8)), "gzip")) == .bodyUnparseable)
  }

  @Test func refusesWhatInflatesTooFar() throws {
    // 64 KiB may come out whatever the ratio, and 100 times as much as came in beyond.
    #expect(BodySample.cause(request(BodySample.zeros(repetitions: 254), "deflate")) == .bodyUnparseable, "zeros are no JSON")
    #expect(BodySample.cause(request(BodySample.zeros(repetitions: 255), "deflate")) == .bodyTooLarge)
    let decision = try Sample.trigger(Self.open + Self.map).evaluate(request(BodySample.zeros(repetitions: 255), "deflate"))
    #expect(decision.kind == .rejected(.bodyTooLarge))
    #expect(decision.answer.status == 413)
    #expect(decision.explanation.refusedBecause.contains("100 times"))
    // The limit of the body counts for what comes out.
    let exact = [UInt8(ascii: "\"")] + [UInt8](repeating: 0x61, count: 998) + [UInt8(ascii: "\"")]
    #expect(BodySample.cause(request(BodySample.gzip(exact), "gzip"), limits: RequestBody.Limits(bytes: 1023)) == nil)
    #expect(
      BodySample.cause(request(BodySample.gzip(exact + [0x20]), "gzip"), limits: RequestBody.Limits(bytes: 1000)) == .bodyTooLarge
    )
  }

  /// A bomb in a bomb is measured by what was received.
  @Test func refusesNestedBombs() {
    let bomb = BodySample.zeros(repetitions: 100_000)
    #expect(BodySample.cause(request(BodySample.gzip(bomb), "deflate, gzip")) == .bodyTooLarge)
    #expect(BodySample.cause(request(BodySample.gzip(bomb), "deflate", "gzip")) == .bodyTooLarge)
    let inner = BodySample.zeros(repetitions: 200)
    #expect(BodySample.cause(request(BodySample.gzip(inner), "deflate, gzip")) == .bodyUnparseable, "zeros are no JSON")
  }

  @Test func refusesLargeBombsInTime() {
    let bomb = BodySample.zeros(repetitions: 12_000_000)
    #expect(bomb.count > 16 << 20)
    let time = ContinuousClock().measure {
      #expect(BodySample.cause(request(bomb, "deflate")) == .bodyTooLarge)
      let limits = RequestBody.Limits(bytes: 32 << 20)
      #expect(BodySample.cause(request(bomb, "deflate"), limits: limits) == .bodyTooLarge)
    }
    #expect(time < .seconds(5))
  }

  // MARK: what is read

  @Test(
    arguments: [
      (["gzip"], BodySample.gzip(json)), (["x-GZIP"], BodySample.gzip(json)), (["deflate"], BodySample.zlib(json)),
      (["Deflate"], BodySample.stored(json)), (["identity"], json), ([""], json), ([" , identity\t,"], json),
      (["identity, gzip"], BodySample.gzip(json)),
      (["gzip"], BodySample.gzip(Array(json.prefix(5))) + BodySample.gzip(Array(json.dropFirst(5)))),
      (["deflate, gzip"], BodySample.gzip(BodySample.zlib(json))), (["gzip,gzip"], BodySample.gzip(BodySample.gzip(json))),
      (["deflate", "gzip"], BodySample.gzip(BodySample.stored(json))),
    ] as [([String], [UInt8])])
  func readsEncodings(_ encoding: [String], _ body: [UInt8]) throws {
    let request = BodySample.request("application/json", body, encoding: encoding)
    let decision = try Sample.trigger(Self.open + Self.map).evaluate(request)
    #expect(Sample.text(decision.variables) == #"{"n":9007199254740993,"e":1e400}"#)
    #expect(decision.explanation.notes.isEmpty)
  }

  @Test func readsNothingOfNothing() throws {
    for (body, encoding) in [([], "gzip"), (BodySample.gzip([]), "gzip"), ([], "br")] {
      var request = request(body, encoding)
      request.method = Array("GET".utf8)
      guard case .empty = try RequestBody(request) else {
        Issue.record("not empty")
        continue
      }
      // What is to be JSON is none.
      request.method = Array("POST".utf8)
      #expect(throws: RequestBody.Fault.self) { try RequestBody(request) }
    }
  }

  @Test func readsEveryTypeCompressed() throws {
    let gzipped = { (type: String, body: String) in
      BodySample.request(type, BodySample.gzip(Array(body.utf8)), encoding: ["gzip"])
    }
    #expect(try BodySample.value(gzipped("application/x-www-form-urlencoded", "a=1"), "body.a") == "\"1\"")
    #expect(try BodySample.value(gzipped("text/xml", "<a>1</a>"), "body.a") == "\"1\"")
    #expect(try BodySample.value(gzipped("text/plain", "x")) == "\"x\"")
    #expect(
      try BodySample.value(gzipped("multipart/form-data; boundary=b", BodySample.field("a", "1") + "--b--"), "body.a") == "\"1\"")
    #expect(try BodySample.value(gzipped("application/pdf", "x")) == "\"eA==\"")
  }

  // MARK: when it is read

  /// A bomb of somebody who cannot sign it is refused for the signature.
  @Test func inflatesNothingBeforeItIsVerified() throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"bearer"},"# + Self.map, connections: #"{"from":"hook","to":"other"}"#)
    var bomb = request(BodySample.zeros(repetitions: 100_000), "deflate")
    #expect(trigger.evaluate(bomb, secret: "a-token").kind == .rejected(.credentialMissing))
    bomb.headers.append(HeaderField("authorization", "Bearer a-token"))
    #expect(trigger.evaluate(bomb, secret: "a-token").kind == .rejected(.bodyTooLarge))
    var body = LazyBody(request(BodySample.gzip(Self.json), "gzip"))
    guard case .unread = try body.parsed() else {
      Issue.record("inflated")
      return
    }
    body.advance(to: .verified)
    guard case .json = try body.parsed() else {
      Issue.record("not inflated")
      return
    }
  }

  @Test func inflatesNothingWhileTheSecretIsPending() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"hmac","preset":"github"},"# + Self.map)
    let decision = trigger.evaluate(
      request(BodySample.gzip(Self.json), "gzip"), credentials: TriggerCredentials(isPending: true), nowUs: 0)
    #expect(decision.kind == .pending)
    #expect(decision.explanation.notes.map(\.code) == ["not_read", "absent", "absent", "no_delivery_id"])
    let xml = trigger.evaluate(
      BodySample.request("text/xml", Array("<n>1</n>".utf8)), credentials: TriggerCredentials(isPending: true), nowUs: 0)
    #expect(xml.explanation.notes.map(\.code) == ["absent", "no_delivery_id"])
  }

  /// A signature that stands in the body cannot be found in one that is not inflated.
  @Test func findsNoSignatureInACompressedBody() throws {
    let trigger = try Sample.trigger(
      #""auth":{"mode":"hmac","scheme":{"algorithm":"sha256","encoding":"hex","signature":{"in":"json","name":"sig"},"signed":"{json:n}"}}"#
    )
    let request = request(BodySample.gzip(Self.json), "gzip")
    #expect(trigger.evaluate(request, secret: "a-secret").kind == .rejected(.credentialMissing))
  }

  // MARK: too much of anything

  @Test func refusesALargeFieldByTheLimit() throws {
    var form = BodySample.request(
      "application/x-www-form-urlencoded", Array("a=".utf8) + [UInt8](repeating: 0x61, count: 100_000_000))
    #expect(BodySample.cause(form) == .bodyTooLarge)
    form.headers = [HeaderField("content-type", "multipart/form-data; boundary=b")]
    #expect(BodySample.cause(form) == .bodyTooLarge)
    #expect(try Sample.trigger(Self.open + Self.map).evaluate(form).answer.status == 413)
  }

  @Test func readsAMillionKeysInTime() throws {
    var writer = JSONWriter()
    writer.beginObject()
    for index in 0..<1_000_000 {
      writer.key("k\(index)")
      writer.integer(index)
    }
    writer.endObject()
    let request = request(writer.bytes)
    #expect(BodySample.cause(request) == .bodyTooLarge)
    let clock = ContinuousClock()
    let time = try clock.measure {
      var payload = Payload(
        request, body: try RequestBody(request, limits: RequestBody.Limits(bytes: 32 << 20)), trigger: Sample.identity)
      #expect(payload.value(at: try ValuePath("body.k999999"))?.json == "999999")
    }
    #expect(time < .seconds(10))
    let limits = RequestBody.Limits(bytes: 32 << 20, json: JSONLimits(entries: 100_000))
    #expect(BodySample.cause(request, limits: limits) == .bodyTooLarge)
  }
}

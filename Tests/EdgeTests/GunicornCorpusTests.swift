import HeadgateProto
import Testing

@testable import Edge

/// gunicorn's own cases: 74 that are to be refused, 63 that are to be read.
@Suite(.enabled(if: Corpora.arePresent, Corpora.absence)) struct GunicornCorpusTests {
  /// Cases to be refused that are read here, and why.
  static let read: [String: String] = [
    "invalid/006": "4 KiB target; the limit here is 8 KiB",
    "invalid/007": "8 KiB of headers; the limit here is 32 KiB", "invalid/008": "12 KiB of headers; the limit here is 32 KiB",
    "invalid/010": "assumes a limit of 10 bytes for a field", "invalid/011": "assumes a limit of 2 fields",
    "invalid/012": "assumes a limit of 98 bytes for a field",
    "invalid/017": "8 KiB of headers; the limit here is 32 KiB",
    "invalid/limit_header_default_01": "8 KiB of headers; the limit here is 32 KiB",
    "invalid/019": "about gunicorn's mapping of scheme headers; there is none here",
    "invalid/040": "about CGI's mapping of - to _; names are forwarded as they are here",
    "invalid/chunked_07": "about CGI's mapping of - to _; names are forwarded as they are here",
  ]

  /// Cases to be read that are refused here, and why.
  static let refused: [String: (HTTPRefusal, String)] = [
    "valid/005": (.malformedTarget, "a fragment is not part of a request target (RFC 9112 §3.2)"),
    "valid/009": (
      .malformedTarget,
      "a fragment again; and Content-Length beside Transfer-Encoding is the way requests are smuggled (RFC 9112 §6.3)"
    ),
    "valid/025": (.transferEncodingUnsupported, "no coding but chunked is understood (RFC 9112 §6.1)"),
    "valid/025_line": (.transferEncodingUnsupported, "no coding but chunked is understood (RFC 9112 §6.1)"),
    "valid/027": (.malformedTarget, "targets are ASCII (RFC 3986 §2)"),
    "valid/028": (
      .malformedHeader, "a blank before the colon must be refused (RFC 9112 §5.1); the case assumes a lenient setting"
    ),
    "valid/029": (.transferEncodingUnsupported, "identity is no coding any more (RFC 9112 §7)"),
    "valid/030": (.transferEncodingUnsupported, "identity is no coding any more (RFC 9112 §7)"),
    "valid/031": (.methodUnknown, "-BLARGH is no method of HTTP"),
    "valid/031compat": (.malformedRequestLine, "methods are capitals; the case assumes a lenient setting"),
    "valid/031compat2": (.malformedRequestLine, "methods are capitals; the case assumes a lenient setting"),
    "valid/compat_obs_fold": (
      .foldedHeader, "folded lines are to be refused (RFC 9112 §5.2); the case assumes a lenient setting"
    ),
    "valid/compat_obs_fold_huge": (
      .foldedHeader, "folded lines are to be refused (RFC 9112 §5.2); the case assumes a lenient setting"
    ),
    "valid/pp_01": (.malformedRequestLine, "the PROXY protocol is not spoken"),
    "valid/pp_02": (.malformedRequestLine, "the PROXY protocol is not spoken"),
    "valid/pp_04": (.malformedRequestLine, "the PROXY protocol is not spoken"),
    "valid/pp_05": (.malformedRequestLine, "the PROXY protocol is not spoken"),
    "valid/rfc9112_smuggle_gzip_chunked_01": (
      .transferEncodingUnsupported, "no coding but chunked is understood (RFC 9112 §6.1)"
    ),
    "valid/rfc9112_smuggle_te_identity_chunked_01": (
      .transferEncodingUnsupported, "identity is no coding any more (RFC 9112 §7)"
    ),
    "valid/rfc9112_target_absolute_userinfo_01": (
      .malformedTarget, "name and password in a target are an error (RFC 9110 §4.2.4)"
    ),
    "valid/rfc9112_target_authority_connect_01": (.methodNotAllowed, "this is no proxy"),
    "valid/rfc9112_target_authority_ipv6_01": (.methodNotAllowed, "this is no proxy"),
  ]

  /// Announces 17,914 bytes of body and holds 8,599: the rest is waited for here.
  static let unfinished = "valid/099"

  /// gunicorn does not ask for Host; here its absence alone would refuse what a case is not about.
  private static func withHost(_ item: Corpora.GunicornCase) -> [UInt8] {
    let payload = String(decoding: item.bytes.map { UInt16($0) }, as: UTF16.self)
    guard !payload.lowercased().contains("\r\nhost:") else { return item.bytes }
    let isOld = item.requests?.allSatisfy { $0?.minorVersion == 0 } ?? false
    let with = isOld ? payload : payload.replacing(" HTTP/1.1\r\n", with: " HTTP/1.1\r\nHost: added\r\n")
    return with.utf16.map { UInt8(truncatingIfNeeded: $0) }
  }

  private static func afterAuthority(_ target: String) -> String {
    let rest = target.drop { $0 != ":" }.dropFirst(3)
    return String(rest[(rest.firstIndex(of: "/") ?? rest.endIndex)...])
  }

  @Test func theCorpusIsTheOneMeant() throws {
    let cases = try Corpora.gunicorn()
    #expect(cases.count { $0.requests == nil } == 74)
    #expect(cases.count { $0.requests != nil } == 63)
    #expect(Set(Self.read.keys).union(Self.refused.keys).isSubset(of: cases.map(\.name)))
  }

  @Test(arguments: Arrival.allCases)
  func whatIsToBeRefusedIsNeverRead(_ arrival: Arrival) throws {
    for item in try Corpora.gunicorn() where item.requests == nil {
      let reading = Reading(Self.withHost(item), arrival)
      #expect(reading.complete.isEmpty == (Self.read[item.name] == nil), "\(item.name)")
    }
  }

  @Test(arguments: Arrival.allCases)
  func whatIsToBeReadIsReadAsItIs(_ arrival: Arrival) throws {
    for item in try Corpora.gunicorn() {
      guard let expected = item.requests else { continue }
      let reading = Reading(Self.withHost(item), arrival)
      if let (refusal, _) = Self.refused[item.name] {
        #expect(reading.refusal == refusal && reading.complete.isEmpty, "\(item.name)")
        continue
      }
      if item.name == Self.unfinished {
        #expect(reading.refusal == nil && reading.complete.isEmpty && reading.requests.first?.body.count == 8599)
        continue
      }
      // Two cases hold another request after one that ends its connection, which is the connection's matter and not the parser's.
      #expect(reading.complete.count >= expected.count, "\(item.name): \(reading.refusal.map { "\($0)" } ?? "incomplete")")
      for (request, expected) in zip(reading.complete, expected) {
        guard let expected else { continue }
        #expect(text(request.head.method) == expected.method, "\(item.name)")
        // Of a target in absolute form, the authority has become Host.
        let target =
          expected.target.hasPrefix("/") || expected.target == "*" ? expected.target : Self.afterAuthority(expected.target)
        #expect(request.head.target.map { UInt16($0) } == Array(target.utf16), "\(item.name)")
        #expect(request.head.minorVersion == expected.minorVersion, "\(item.name)")
        #expect(request.body == expected.body, "\(item.name)")
      }
    }
  }

  /// A whole connection: a good request, the case, and another good request that must not be answered as if it were one.
  @Test(arguments: Arrival.allCases)
  func theConnectionIsNeverOutOfStep(_ arrival: Arrival) throws {
    let canary = "GET /w/\(key)?canary HTTP/1.1\r\nHost: a\r\n\r\n"
    for item in try Corpora.gunicorn() {
      let caller = try EmbeddedCaller()
      caller.send(post(body: "good"))
      let before = caller.forwarder.requests.count
      let answers = statuses(caller.send(Self.withHost(item), arrival))
      let canaryAnswers = statuses(caller.send(canary))
      caller.advance(80)
      #expect(before == 1)
      if item.requests == nil, Self.read[item.name] == nil {
        // Refused at once, or waited for: in either case nothing after it is a request.
        #expect(answers.allSatisfy { $0 >= 400 } && answers.count <= 1, "\(item.name)")
        #expect(caller.forwarder.requests.count == 1, "\(item.name)")
        #expect(!canaryAnswers.contains(200), "\(item.name)")
      } else {
        // The targets of the cases are no triggers, so that only the canary can be forwarded.
        let forwarded = caller.forwarder.requests.dropFirst()
        #expect(forwarded.allSatisfy { text($0.query) == "canary" && $0.body.isEmpty } && forwarded.count <= 1, "\(item.name)")
      }
      #expect(!caller.isOpen, "\(item.name)")
    }
  }
}

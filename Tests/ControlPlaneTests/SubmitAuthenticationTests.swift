import Cryptography
import HeadgateProto
import Identifiers
import Testing

@testable import ControlPlane

@Suite("authentication through Submit")
struct SubmitAuthenticationTests {
  private static let secret = "correct-horse-battery"

  /// A mode with what is sent.
  struct Mode: Sendable, CustomTestStringConvertible {
    var name: String
    var auth: String
    var right: Attempt
    /// Each is refused with 401.
    var wrong: [Attempt]

    var testDescription: String { name }
  }

  struct Attempt: Sendable {
    var headers: [(String, String)] = []
    var query = ""
  }

  private static let body = #"{"event": "x"}"#

  private static func signature(_ body: String = body, _ secret: String = secret) -> String {
    "sha256=" + Hex.encode(HMAC.of(body, key: secret, .sha256))
  }

  private static let modes: [Mode] = [
    Mode(
      name: "bearer", auth: #"{"mode": "bearer", "secret": "\#(secret)"}"#,
      right: Attempt(headers: [("authorization", "Bearer \(secret)")]),
      wrong: [
        Attempt(), Attempt(headers: [("authorization", "")]), Attempt(headers: [("authorization", "Bearer ")]),
        Attempt(headers: [("authorization", "Bearer \(secret)x")]), Attempt(headers: [("authorization", "Basic \(secret)")]),
        Attempt(headers: [("authorization", "Bearer \(secret)"), ("authorization", "Bearer \(secret)")]),
      ]),
    Mode(
      name: "header", auth: #"{"mode": "header", "name": "X-Token", "secret": "\#(secret)"}"#,
      right: Attempt(headers: [("x-token", secret)]),
      wrong: [
        Attempt(), Attempt(headers: [("x-token", "")]), Attempt(headers: [("x-token", "wrong")]),
        Attempt(headers: [("x-token", secret), ("x-token", secret)]),
      ]),
    Mode(
      name: "query", auth: #"{"mode": "query", "name": "token", "secret": "\#(secret)"}"#,
      right: Attempt(query: "a=1&token=\(secret)"),
      wrong: [
        Attempt(), Attempt(query: "token="), Attempt(query: "token=wrong"), Attempt(query: "token=\(secret)&token=\(secret)"),
      ]),
    Mode(
      name: "hmac", auth: #"{"preset": "github", "secret": "\#(secret)"}"#,
      right: Attempt(headers: [("x-hub-signature-256", signature())]),
      wrong: [
        Attempt(), Attempt(headers: [("x-hub-signature-256", "")]),
        Attempt(headers: [("x-hub-signature-256", signature(body + " "))]),
        Attempt(headers: [("x-hub-signature-256", signature(body, "other-secret-entirely"))]),
        Attempt(headers: [("x-hub-signature-256", "sha256=zz")]),
        Attempt(headers: [("x-hub-signature-256", signature()), ("x-hub-signature-256", signature())]),
      ]),
  ]

  @Test("right is accepted; wrong, missing, empty and doubled are refused alike", arguments: modes)
  func mode(_ mode: Mode) async throws {
    try await withControlPlane { fixture in
      let definition = """
        {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": \(mode.auth)},
          {"id": "next", "type": "task"}], "connections": [{"from": "hook.else", "to": "next"}]}
        """
      let key = try await fixture.publish(definition)["hook"] ?? []
      let ingest = try fixture.ingest
      var refusals: [SubmitResponse] = []
      for attempt in mode.wrong {
        var response = try await ingest.submit(
          EdgeRequest.make(key, body: Self.body, headers: attempt.headers, query: attempt.query))
        #expect(response.status == 401)
        #expect(response.outcome == .rejected)
        response.cause = .unspecified
        refusals.append(response)
      }
      for refusal in refusals { #expect(refusal == refusals[0]) }
      let request = EdgeRequest.make(key, body: Self.body, headers: mode.right.headers, query: mode.right.query)
      #expect(try await ingest.submit(request).status == 200)

      // What was verified with is not in the log; everything else is.
      let entry = try await fixture.logs.get(GetLogRequest(id: UniqueID(bytes: request.requestId)?.description ?? ""))
      let stored =
        entry.headers.map { String(decoding: $0.value, as: UTF8.self) } + [String(decoding: entry.query, as: UTF8.self)]
      #expect(!stored.joined().contains(Self.secret))
      #expect(entry.headers.contains { $0.value == Array("application/json".utf8) })
    }
  }

  @Test("public takes everybody")
  func open() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      #expect(try await fixture.ingest.submit(EdgeRequest.make(key)).status == 200)
    }
  }

  @Test("addresses and origins are gates")
  func gates() async throws {
    try await withControlPlane { fixture in
      let key =
        try await fixture.publish(
          """
          {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"},
            "allow": {"ips": ["203.0.113.0/24", "2001:db8::/32"], "origins": ["https://shop.example.com"]}}]}
          """)["hook"] ?? []
      let ingest = try fixture.ingest
      let origin = [("origin", "https://shop.example.com")]
      let far = try await ingest.submit(EdgeRequest.make(key, headers: origin, address: [198, 51, 100, 1]))
      #expect((far.status, far.cause) == (403, .ipNotAllowed))
      let none = try await ingest.submit(EdgeRequest.make(key))
      #expect((none.status, none.cause) == (403, .originNotAllowed))
      let near = try await ingest.submit(EdgeRequest.make(key, headers: origin))
      #expect(near.status == 200)
      let six: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
      #expect(try await ingest.submit(EdgeRequest.make(key, headers: origin, address: six)).status == 200)
      let method = try await ingest.submit(EdgeRequest.make(key, headers: origin, method: "PUT"))
      #expect(method.status == 405)
      #expect(method.headers.contains { $0.name == Array("allow".utf8) })
    }
  }
}

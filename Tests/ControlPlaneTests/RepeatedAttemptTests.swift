import HeadgateProto
import RPC
import Store
import Testing

@testable import ControlPlane

/// An edge node that does not know what became of a request sends it again. Whatever has changed in between, the caller is
/// answered by what was recorded; and by the rules of now when nothing was.
@Suite("repeated attempts")
struct RepeatedAttemptTests {
  private static let token = "a-secret-of-some-length"

  private static func request(_ key: [UInt8], token: String = token) -> SubmitRequest {
    EdgeRequest.make(key, headers: [("authorization", "Bearer \(token)")])
  }

  private static func again(_ request: SubmitRequest) -> SubmitRequest {
    var again = request
    again.attempt = 1
    return again
  }

  @Test("across the start and the end of a capture")
  func capture() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: Self.token))["hook"] ?? []
      let ingest = try fixture.ingest
      let (before, fresh) = (Self.request(key), Self.request(key))
      let first = try await ingest.submit(before)
      #expect(first.outcome == .accepted)
      let stream = try await fixture.listening(ListenRequest(trigger: "orders/hook", mode: .capture))
      let session = try await stream.session()
      // Recorded with its run; it is not captured now.
      #expect(try await ingest.submit(Self.again(before)) == first)
      // Nothing was recorded of this one's first attempt.
      let captured = try await ingest.submit(Self.again(fresh))
      #expect((captured.status, captured.outcome) == (200, .captured))
      _ = try await fixture.listen.cancel(CancelListenSessionRequest(id: session.id))
      #expect(try await eventually { try await ingest.submit(Self.request(key)).outcome == .accepted })
      // Recorded without a run, and it stays so.
      #expect(try await ingest.submit(Self.again(fresh)) == captured)
      let runs = try await fixture.number(
        "SELECT count(*) FROM runs r JOIN requests q ON q.id = r.request_id WHERE q.outcome = 6")
      #expect(runs == 0)
      #expect(try await fixture.number("SELECT count(*) FROM requests WHERE outcome = 6") == 1)
    }
  }

  /// What changes between two attempts.
  enum Change: CaseIterable { case secret, disabled, unrouted, response, mapping }

  private static func change(_ change: Change, _ fixture: Fixture) async throws {
    switch change {
    case .secret:
      _ = try await fixture.triggers.rotate(
        RotateTriggerRequest(trigger: "orders/hook", secret: Array("another-secret-by-now".utf8), overlapSeconds: 0))
    case .disabled: _ = try await fixture.triggers.disable(DisableTriggerRequest(trigger: "orders/hook"))
    case .unrouted, .response, .mapping:
      let extra: String =
        switch change {
        case .response: #", "response": {"status": 202, "body": "changed"}"#
        case .mapping: #", "map": [{"variable": "n", "from": "body.n", "required": true}]"#
        case .unrouted, .secret, .disabled: ""
        }
      let connections = change == .unrouted ? "" : #"{"from": "hook.else", "to": "next"}"#
      try await fixture.publish(
        """
        {"flow": "orders", "nodes": [{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "bearer"}\(extra)},
          {"id": "next", "type": "task"}], "connections": [\(connections)]}
        """)
    }
  }

  @Test("across a change of the configuration: accepted stays accepted, with one run", arguments: Change.allCases)
  func accepted(change: Change) async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: Self.token))["hook"] ?? []
      let ingest = try fixture.ingest
      let (request, fresh) = (Self.request(key), Self.request(key))
      let first = try await ingest.submit(request)
      #expect((first.status, first.outcome) == (200, .accepted))
      try await Self.change(change, fixture)
      let again = try await ingest.submit(Self.again(request))
      #expect((again.outcome, again.cause) == (.accepted, .unspecified))
      // The body is of today's configuration where the outcome is the same; the status is one of success in any case.
      if change == .response {
        #expect(again.status == 202 && again.body == Array("changed".utf8))
      } else {
        #expect(again == first)
      }
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 1)
      // Of what was not recorded, today's rules decide.
      let decided = try await ingest.submit(Self.again(fresh))
      let expected: (UInt32, Outcome) =
        switch change {
        case .secret: (401, .rejected)
        case .disabled: (404, .rejected)
        case .unrouted: (200, .unrouted)
        case .response: (202, .accepted)
        case .mapping: (422, .rejected)
        }
      #expect((decided.status, decided.outcome) == expected)
      #expect(try await fixture.number("SELECT count(*) FROM requests") == 2)
    }
  }

  @Test("what was refused stays refused, and what waits for a secret is told as what became of it")
  func refused() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: Self.token))["hook"] ?? []
      let ingest = try fixture.ingest
      let request = Self.request(key, token: "the-next-secret-of-it")
      let first = try await ingest.submit(request)
      #expect(first.status == 401)
      #expect(try await eventually { try await fixture.number("SELECT count(*) FROM requests") == 1 })
      _ = try await fixture.triggers.rotate(
        RotateTriggerRequest(trigger: "orders/hook", secret: Array("the-next-secret-of-it".utf8)))
      #expect(try await ingest.submit(Self.again(request)) == first)
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.isEmpty)

      let late = try await fixture.publish(Definitions.bearer("late", secret: "pending"))["hook"] ?? []
      let waiting = Self.request(late)
      let recorded = try await ingest.submit(waiting)
      #expect(recorded.outcome == .pending)
      _ = try await fixture.triggers.rotate(RotateTriggerRequest(trigger: "late/hook", secret: Array(Self.token.utf8)))
      #expect(try await eventually { try await fixture.number("SELECT count(*) FROM requests WHERE outcome = 7") == 0 })
      let settled = try await ingest.submit(Self.again(waiting))
      #expect((settled.status, settled.outcome) == (recorded.status, .accepted))
    }
  }

  @Test("without the database a repeated attempt is neither refused nor acknowledged")
  func away() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.bearer(secret: Self.token))["hook"] ?? []
      let ingest = try fixture.ingest
      await fixture.node.ingest.shutDown(within: .zero)
      #expect(try await ingest.submit(Self.request(key, token: "wrong")).status == 401)
      let error = try await failure { try await ingest.submit(Self.again(Self.request(key, token: "wrong"))) }
      #expect(error?.code == .unavailable)
    }
  }
}

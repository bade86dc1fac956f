import HeadgateProto
import Identifiers
import NIOCore
import Rules
import Store
import Testing

@testable import ControlPlane

/// Repeated deliveries, split bodies and several flows on one URL, through the database.
@Suite("divided and repeated requests")
struct DividedRequestTests {
  private static func flow(_ name: String, _ fields: String) -> String {
    #"{"flow":"\#(name)","nodes":[{"id":"hook","type":"webhook_trigger",\#(fields)},{"id":"next","type":"task"}],"connections":[{"from":"hook","to":"next"}]}"#
  }

  private func runs(_ fixture: Fixture, _ request: [UInt8]) async throws -> [RunRow] {
    let workspace = try #require(try await fixture.node.store.workspace(named: "default"))
    let id = try #require(UniqueID(bytes: request))
    return try await fixture.node.store.runs(in: workspace.id, matching: RunFilter(request: id), limit: 100)
  }

  private func row(_ fixture: Fixture, _ request: [UInt8]) async throws -> RequestRow {
    let workspace = try #require(try await fixture.node.store.workspace(named: "default"))
    let id = try #require(UniqueID(bytes: request))
    return try #require(try await fixture.node.store.request(id, in: workspace.id))
  }

  @Test("a repeated delivery starts nothing, is recorded as one, and is answered with the first one's id")
  func duplicate() async throws {
    try await withControlPlane { fixture in
      let fields =
        #""auth":{"mode":"public"},"dedup":{"by":"headers['x-id']"},"response":{"content_type":"application/json","body":"{\"n\":\"{{ request.id }}\"}"}"#
      let key = try await fixture.publish(Self.flow("orders", fields))["hook"] ?? []
      let ingest = try fixture.ingest
      let first = EdgeRequest.make(key, headers: [("x-id", "d1")])
      let second = EdgeRequest.make(key, headers: [("x-id", "d1")])
      let other = EdgeRequest.make(key, headers: [("x-id", "d2")])
      let without = [EdgeRequest.make(key), EdgeRequest.make(key)]
      let accepted = try await ingest.submit(first)
      #expect(accepted.outcome == .accepted)
      let firstID = try #require(UniqueID(bytes: first.requestId))
      #expect(String(decoding: accepted.body, as: UTF8.self) == #"{"n":"\#(firstID)"}"#)
      let repeated = try await ingest.submit(second)
      #expect(repeated.outcome == .duplicate)
      #expect(repeated.status == accepted.status && repeated.body == accepted.body && repeated.headers == accepted.headers)
      #expect(try await ingest.submit(other).outcome == .accepted)
      for request in without { #expect(try await ingest.submit(request).outcome == .accepted) }
      // The edge node repeats a request whose answer it did not get.
      #expect(try await ingest.submit(first).body == accepted.body)
      #expect(try await runs(fixture, first.requestId).count == 1)
      #expect(try await runs(fixture, second.requestId).isEmpty)
      #expect(try await fixture.runs.list(ListRunsRequest()).runs.count == 4)
      let recorded = try await row(fixture, second.requestId)
      #expect(recorded.outcome == Int16(RequestOutcome.duplicate.rawValue))
      #expect(recorded.duplicateOf == firstID)
      #expect(recorded.deliveryID == Array("d1".utf8))
    }
  }

  @Test("each element of a body has a run; one that came before has none")
  func split() async throws {
    try await withControlPlane { fixture in
      let fields =
        #""auth":{"mode":"public"},"split":"body.items","map":[{"variable":"v","from":"element.v"}],"dedup":{"by":"element.id"}"#
      let key = try await fixture.publish(Self.flow("orders", fields))["hook"] ?? []
      let ingest = try fixture.ingest
      let first = EdgeRequest.make(key, body: #"{"items":[{"id":"a","v":1},{"id":"b","v":2},{"id":"a","v":3}]}"#)
      #expect(try await ingest.submit(first).outcome == .accepted)
      #expect(
        Set(try await runs(fixture, first.requestId).map { String(decoding: $0.variables, as: UTF8.self) })
          == [#"{"v":1}"#, #"{"v":2}"#])
      let second = EdgeRequest.make(key, body: #"{"items":[{"id":"b","v":4},{"id":"c","v":5}]}"#)
      #expect(try await ingest.submit(second).outcome == .accepted)
      #expect(try await runs(fixture, second.requestId).map { String(decoding: $0.variables, as: UTF8.self) } == [#"{"v":5}"#])
      let explained = try Explanation(decoding: ByteBuffer(bytes: try await row(fixture, second.requestId).explanation))
      #expect(explained.parts.map(\.outcome) == [.duplicate, .accepted])
      let third = EdgeRequest.make(key, body: #"{"items":[{"id":"c"},{"id":"a"}]}"#)
      let answer = try await ingest.submit(third)
      #expect(answer.outcome == .duplicate)
      let secondID = try #require(UniqueID(bytes: second.requestId))
      #expect(String(decoding: answer.body, as: UTF8.self).contains(secondID.description))
      let refused = try await ingest.submit(EdgeRequest.make(key, body: "{}"))
      #expect(refused.status == 422 && refused.cause == .splitRefused)
    }
  }

  @Test("a flow that subscribes to a URL has runs of its own, and no URL")
  func subscribers() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Self.flow("orders", #""auth":{"mode":"public"}"#))["hook"] ?? []
      let other =
        try await fixture.publish(
          Self.flow("crm", #""source":"orders/hook","map":[{"variable":"v","from":"body.v","required":true}]"#))["hook"] ?? []
      let ingest = try fixture.ingest
      let request = EdgeRequest.make(key, body: #"{"v":1}"#)
      #expect(try await ingest.submit(request).outcome == .accepted)
      #expect(Set(try await runs(fixture, request.requestId).map(\.flowName)) == ["orders", "crm"])
      let explained = try Explanation(decoding: ByteBuffer(bytes: try await row(fixture, request.requestId).explanation))
      #expect(explained.parts.map(\.node) == ["orders/hook", "crm/hook"])
      let half = EdgeRequest.make(key)
      #expect(try await ingest.submit(half).outcome == .accepted)
      #expect(try await runs(fixture, half.requestId).map(\.flowName) == ["orders"])
      let unknown = try await ingest.submit(EdgeRequest.make(Array("wh_unknown".utf8)))
      #expect(try await ingest.submit(EdgeRequest.make(other)) == unknown)
    }
  }
}

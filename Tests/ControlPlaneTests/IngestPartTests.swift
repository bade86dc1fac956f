import HeadgateProto
import Identifiers
import NIOCore
import Postgres
import Rules
import Store
import Testing

@testable import ControlPlane

/// From a decision to what is recorded, without a database.
@Suite("ingest parts")
struct IngestPartTests {
  private static let split =
    #""split":"body.items","map":[{"variable":"v","from":"element.v","required":true}],"dedup":{"by":"element.id"},"order_by":"body.o""#

  private static func entry(_ flow: String, _ fields: String, to target: String? = "next") throws -> LiveEntry {
    let connection = target.map { #"{"from":"hook","to":"\#($0)"}"# } ?? ""
    let text =
      #"{"flow":"\#(flow)","nodes":[{"id":"hook","type":"webhook_trigger",\#(fields)},{"id":"next","type":"task"}],"connections":[\#(connection)]}"#
    let definition = try FlowDefinition.parse(Array(text.utf8)).definition
    let id = UniqueID.random()
    let trigger = try #require(CompiledTrigger(definition, node: "hook", triggerID: id.description))
    return LiveEntry(
      LiveEntry.Content(
        workspace: .random(), flow: .random(), flowVersion: 3, trigger: id, node: "hook", key: [], state: .usable(trigger)))
  }

  private struct Made {
    let decision: Decision
    let nodes: DecidedNodes
    let entry: IngestEntry
    let row: RequestRow

    init(_ nodes: DecidedNodes, _ body: String) throws {
      let request = IncomingRequest(
        id: RequestIDGenerator().next(unixMilliseconds: 1_700_000_000_000),
        headers: [HeaderField("content-type", "application/json")], body: Array(body.utf8))
      guard case .usable(let trigger) = nodes.owner.state else { throw CancellationError() }
      decision = trigger.evaluate(request, credentials: .none, subscribers: nodes.triggers, nowUs: 0)
      self.nodes = nodes
      row = RequestRow(
        decision, outcome: try #require(decision.outcome), of: request, nodes, now: UnixTime(microseconds: 0))
      entry = IngestEntry(decision, row: row, nodes, maximumAttempts: 5, deadline: .now)
    }

    func settled(_ results: [IngestPartResult]) throws -> RequestRow {
      let settle = try #require(entry.settle)
      return settle(entry.request, results)
    }

    func explanation(_ row: RequestRow) throws -> Explanation { try Explanation(decoding: ByteBuffer(bytes: row.explanation)) }
  }

  @Test("most requests have one run and nothing to settle")
  func plain() throws {
    let made = try Made(DecidedNodes(owner: try Self.entry("a", #""auth":{"mode":"public"}"#)), "{}")
    #expect(made.entry.settle == nil)
    #expect(made.entry.parts.count == 1)
    #expect(made.entry.parts[0].claim == nil)
    let run = try #require(made.entry.runs.first)
    #expect(run.id == RunID.derive(request: made.row.id, trigger: made.nodes.owner.trigger))
    #expect(run.element == 0 && run.orderKey == nil)
    #expect(try made.explanation(made.row).parts.isEmpty)
    #expect(made.entry.request.deliveryID == nil)
    let idle = try Made(DecidedNodes(owner: try Self.entry("a", #""auth":{"mode":"public"}"#, to: nil)), "{}")
    #expect(idle.entry.parts.isEmpty && idle.entry.settle == nil)
  }

  @Test("each element has a run, a claim and an order of its own")
  func elements() throws {
    let nodes = DecidedNodes(owner: try Self.entry("a", #""auth":{"mode":"public"},"# + Self.split))
    let made = try Made(
      nodes, #"{"o":"k","items":[{"v":1,"id":"x"},{"id":"bad"},{"v":3,"id":"x"},{"v":4},{"v":5,"id":"y"}]}"#)
    #expect(made.entry.parts.map { $0.claim?.deliveryID } == [Array("x".utf8), nil, Array("y".utf8)])
    #expect(made.entry.runs.map(\.element) == [0, 3, 4])
    #expect(made.entry.runs.allSatisfy { $0.orderKey == Array("k".utf8) && $0.trigger == nodes.owner.trigger })
    #expect(
      made.entry.runs.map(\.id)
        == [0, 3, 4].map { RunID.derive(request: made.row.id, trigger: nodes.owner.trigger, element: $0) })
    #expect(Set(made.entry.runs.map(\.id)).count == 3)
    #expect(made.entry.request.deliveryID == Array("x".utf8))
    let parts = try made.explanation(made.row).parts
    #expect(parts.map(\.outcome) == [.accepted, .rejected, .duplicate, .accepted, .accepted])
    #expect(parts.map(\.element) == [0, 1, 2, 3, 4])
    #expect(parts.allSatisfy { $0.node == "a/hook" })
    #expect(parts[1].cause == .requiredMissing && parts[1].refusedAt == "map[0].v")
    #expect(parts[4].deliveryId == Array("y".utf8))
  }

  @Test("the record says which parts were repetitions, and of what it is one when all are")
  func settles() throws {
    let nodes = DecidedNodes(owner: try Self.entry("a", #""auth":{"mode":"public"},"# + Self.split))
    let made = try Made(nodes, #"{"items":[{"v":1,"id":"x"},{"v":2,"id":"y"}]}"#)
    let (first, second) = (UniqueID.random(), UniqueID.random())
    let some = try made.settled([IngestPartResult(duplicateOf: first), IngestPartResult()])
    #expect(some.outcome == Int16(RequestOutcome.accepted.rawValue))
    #expect(some.duplicateOf == nil)
    #expect(try made.explanation(some).parts.map(\.outcome) == [.duplicate, .accepted])
    let all = try made.settled([IngestPartResult(duplicateOf: first), IngestPartResult(duplicateOf: second)])
    #expect(all.outcome == Int16(RequestOutcome.duplicate.rawValue))
    #expect(all.duplicateOf == first)
    let none = try made.settled([IngestPartResult(), IngestPartResult()])
    #expect(none == made.entry.request)
    #expect(none.deliveryID == Array("x".utf8))
  }

  @Test("what is left when the part that would run is a repetition is unrouted")
  func unroutedRest() throws {
    let fields =
      #""auth":{"mode":"public"},"split":"body","dedup":{"by":"element.id"},"events":{"path":"element.e","cases":[{"id":"a","value":"a"}]}"#
    let owner = try Self.entry("a", fields, to: nil)
    let definition = try FlowDefinition.parse(
      Array(
        #"{"flow":"a","nodes":[{"id":"hook","type":"webhook_trigger",\#(fields)},{"id":"next","type":"task"}],"connections":[{"from":"hook.a","to":"next"}]}"#
          .utf8)
    ).definition
    let trigger = try #require(CompiledTrigger(definition, node: "hook", triggerID: "t"))
    let nodes = DecidedNodes(
      owner: LiveEntry(
        LiveEntry.Content(
          workspace: owner.workspace, flow: owner.flow, flowVersion: 1, trigger: owner.trigger, node: "hook", key: [],
          state: .usable(trigger))))
    let made = try Made(nodes, #"[{"e":"a","id":"x"},{"e":"b","id":"y"}]"#)
    #expect(made.entry.parts.count == 2)
    #expect(made.entry.runs.count == 1)
    let row = try made.settled([IngestPartResult(duplicateOf: .random()), IngestPartResult()])
    #expect(row.outcome == Int16(RequestOutcome.unrouted.rawValue))
    #expect(row.duplicateOf == nil)
  }

  @Test("a subscriber's run is of its own flow")
  func subscribers() throws {
    let owner = try Self.entry("a", #""auth":{"mode":"public"}"#)
    let subscriber = try Self.entry("b", #""source":"a/hook","dedup":{"by":"body.id"}"#)
    let unusable = LiveEntry(
      LiveEntry.Content(
        workspace: owner.workspace, flow: .random(), flowVersion: 1, trigger: .random(), node: "hook", key: [], state: .unusable))
    let nodes = DecidedNodes(owner: owner, subscribers: [unusable, subscriber])
    let made = try Made(nodes, #"{"id":7}"#)
    #expect(made.entry.runs.map(\.flow) == [owner.flow, subscriber.flow])
    #expect(made.entry.runs.map(\.trigger) == [owner.trigger, subscriber.trigger])
    #expect(made.entry.parts.map { $0.claim?.trigger } == [nil, subscriber.trigger])
    #expect(Set(nodes.flows(of: made.entry)) == [owner.flow, subscriber.flow])
    #expect(try made.explanation(made.row).parts.map(\.node) == ["a/hook", "b/hook"])
    // The owner's part has no claim, so the request is none's repetition.
    let row = try made.settled([IngestPartResult(), IngestPartResult(duplicateOf: .random())])
    #expect(row.outcome == Int16(RequestOutcome.accepted.rawValue))
    #expect(try made.explanation(row).parts.map(\.outcome) == [.accepted, .duplicate])
  }

  @Test("a repetition is answered with the first one's id")
  func duplicateAnswer() throws {
    let made = try Made(
      DecidedNodes(owner: try Self.entry("a", #""auth":{"mode":"public"},"dedup":{"by":"body.id"}"#)), #"{"id":1}"#)
    let first = UniqueID.random()
    let answer = SubmitResponse(made.decision, duplicateOf: first)
    #expect(answer.outcome == .duplicate)
    #expect(answer.status == 200)
    #expect(String(decoding: answer.body, as: UTF8.self) == #"{"id":"\#(first)","status":"accepted"}"#)
    let row = try made.settled([IngestPartResult(duplicateOf: first)])
    #expect(row.duplicateOf == first && row.deliveryID == Array("1".utf8))
  }

  @Test("what binding came to is reported by node and element")
  func bindings() throws {
    let made = try Made(DecidedNodes(owner: try Self.entry("a", #""auth":{"mode":"public"},"split":"body""#)), "[1,2]")
    var outcome = BindingOutcome()
    outcome.customerManner = .created
    outcome.customer = .random()
    outcome.foundBy = .email
    outcome.fields = [BindingOutcome.BoundField(field: "email", original: [65], value: "a", action: .set, message: "m")]
    outcome.otherMatches = [BindingOutcome.OtherMatch(customer: .random(), field: .phone)]
    outcome.chatManner = .found
    outcome.chat = .random()
    outcome.chatConflict = .random()
    outcome.failure = "f"
    let row = try made.settled([IngestPartResult(), IngestPartResult(binding: outcome)])
    #expect(row.customer == outcome.customer)
    #expect(row.chat == outcome.chat)
    let reports = try BindingReportList(decoding: ByteBuffer(bytes: try #require(row.binding))).reports
    let report = try #require(reports.first)
    #expect(reports.count == 1)
    #expect(report.node == "a/hook" && report.element == 1)
    #expect(report.customerOutcome == "created" && report.customerId == outcome.customer?.description)
    #expect(report.foundBy == "email" && report.chatOutcome == "found" && report.failure == "f")
    #expect(report.fields == [BoundField(field: "email", original: [65], value: "a", action: "set", message: "m")])
    #expect(report.otherMatches.map(\.field) == ["phone"])
    #expect(report.chatConflictCustomerId == outcome.chatConflict?.description)
  }
}

import Cryptography
import JSON
import Testing

@testable import Rules

/// Triggers of random fields: what is wrong is told, what is right can be written and read again, and decides about anything.
@Suite("Fuzz: flow files and decisions") struct FlowFileFuzzTests {
  @Test("Reading what was written is the same flow; faults tell their field and no secret", arguments: Fuzz.seeds)
  func readsWhatItWrites(_ seed: UInt64) throws {
    var accepted = 0
    try Fuzz.rounds(300, seed: seed) { source in
      var fuzz = FlowFileFuzz(source: source)
      if let flow = fuzz.flow() {
        accepted += 1
        let written = flow.canonicalJSON
        #expect(!String(decoding: written, as: UTF8.self).contains("canary"))
        let again = try FlowDefinition.parse(written).definition
        #expect(again == flow, "\(String(decoding: written, as: UTF8.self))")
        #expect(again.canonicalJSON == written)
      }
      let text = FlowFileFuzz.text(fuzz.members())
      do throws(InvalidFlow) {
        _ = try FlowDefinition.parse(text)
      } catch {
        #expect(!error.faults.isEmpty)
        for fault in error.faults {
          #expect(!fault.message.isEmpty && !"\(fault)".contains("canary"), "\(String(decoding: text, as: UTF8.self))")
        }
      }
    }
    #expect(accepted > 200 * Fuzz.factor, "\(accepted): the test has become blind")
  }

  /// A request that came, the same one as a sample that is signed for a test, and as a record that is replayed.
  @Test("Live, test and replay decide alike, and twice alike", arguments: Fuzz.seeds)
  func decidesAlike(_ seed: UInt64) throws {
    var compared = 0
    try Fuzz.rounds(120, seed: seed) { source in
      var fuzz = FlowFileFuzz(source: source)
      guard let flow = fuzz.flow(), let trigger = CompiledTrigger(flow, node: "hook", triggerID: Sample.identity.id)
      else { return }
      let rule = trigger.configuration.authentication
      let secret = rule.generateSecret()
      let credentials = TriggerCredentials(secrets: secret.map { [$0] } ?? [])
      let now: Int64 = 1_700_000_000_000_000
      for _ in 0..<4 {
        let sample = fuzz.request()
        let live = (try? RequestSigner.sign(sample, by: rule, secret: secret, nowUs: now)) ?? sample
        func decide(_ credentials: TriggerCredentials, at nowUs: Int64) -> Decision {
          trigger.evaluate(live, credentials: credentials, environment: Sample.environment, nowUs: nowUs)
        }
        let first = decide(credentials, at: now)
        try check(first, trigger)
        #expect(summary(first) == summary(decide(credentials, at: now)))
        guard first.parts.count > 0 else { continue }
        // As a replay sees it: found right when it came, a day later.
        var known = credentials
        known.isVerified = true
        #expect(summary(first) == summary(decide(known, at: now + 86_400_000_000)))
        compared += 1
      }
    }
    #expect(compared > 40 * Fuzz.factor, "\(compared): the test has become blind")
  }

  /// What anyone may rely on.
  private func check(_ decision: Decision, _ trigger: CompiledTrigger) throws {
    #expect(decision.parts.count <= PayloadElements.limit)
    #expect((200...599).contains(decision.answer.status))
    #expect((decision.kind == .accepted) == decision.parts.contains(where: \.startsRun))
    for part in decision.parts {
      if !part.variables.isEmpty { #expect(throws: Never.self) { try JSONDocument(part.variables) } }
      #expect((part.kind == .accepted) == (part.entryNode != nil))
      #expect((part.delivery?.id.count ?? 1) <= DecisionPart.deliveryLimit && part.delivery?.id.isEmpty != true)
      #expect((part.orderKey?.count ?? 1) <= DecisionPart.orderKeyLimit && part.orderKey?.isEmpty != true)
      #expect(part.explanation.notes.count <= DecisionExplanation.noteLimit + 1)
      #expect(!part.variables.containsSubsequence(Array("canary-secret".utf8)), "a secret variable was mapped")
      for field in part.binding?.customer ?? [] { #expect((field.value?.utf8.count ?? 0) <= field.kind.maximumBytes) }
    }
  }

  /// What becomes of a request, as text.
  private func summary(_ decision: Decision) -> String {
    let parts = decision.parts.map { part in
      "\(part.kind) \(part.element) \(part.output) \(part.entryNode ?? "-") \(part.variables) \(String(describing: part.delivery)) "
        + "\(String(describing: part.orderKey)) \(String(describing: part.event)) \(String(describing: part.repeats)) "
        + "\(String(describing: part.binding)) \(part.explanation)"
    }
    return "\(decision.kind) \(decision.answer) \(parts)"
  }
}

extension FlowFileFuzz {
  /// A request of any of the formats, mostly one that can be read.
  mutating func request() -> IncomingRequest {
    var (type, body) = BodyFuzz.sample(&source)
    if source.oneIn(3) { BodySample.mutate(&body, &source) }
    return IncomingRequest(
      method: Array(source.pick(["POST", "POST", "POST", "PUT", "GET", "HEAD", "x"]).utf8),
      query: Array(source.text(of: ["a=1", "&", "c=x", "token=t", "%", "=", "id=%C3"], upTo: 6).utf8),
      headers: (type.map { [HeaderField("content-type", $0)] } ?? []) + [
        HeaderField("x-id", source.pick(["1", "é", ""])), HeaderField("x-list", "x-list,x-ts"),
        HeaderField("x-ts", "1700000000000"),
      ], body: body)
  }
}

extension [UInt8] {
  fileprivate func containsSubsequence(_ other: [UInt8]) -> Bool { firstRange(of: other) != nil }
}

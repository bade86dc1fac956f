import NIOCore
import NIOEmbedded
import Testing

@testable import Edge

/// Whatever arrives, the process lives, each request is answered at most once, and what was taken on is given back.
@Suite struct MutationTests {
  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func nothingThatArrivesBreaksAConnection(_ seed: UInt64) throws {
    var source = SplitMix(state: seed)
    let alphabet =
      Array(
        "GET POST /w/ HTTP/1.1\r\n:;=,\"0123456789abcdef\0\u{7f}chunkedHostContent-LengthTransfer-EncodingExpect100-continueConnectionclose"
          .utf8) + [0x80, 0xff]
    for round in 0..<4000 {
      let caller = try EmbeddedCaller(round % 3 == 0 ? ScriptedForwarder(.hold) : ScriptedForwarder()) { options in
        options.limits = HTTPLimits(
          targetBytes: 100, headerBytes: 200, headerFields: 5, bodyBytes: 64, chunkOverheadBytes: 20, readAheadBytes: 100)
      }
      var bytes = Array((DifferentialTests.seeds.randomElement(using: &source) ?? "").utf8)
      for _ in 0..<Int.random(in: 0...8, using: &source) {
        let index = Int.random(in: 0...bytes.count, using: &source)
        let noise = (0..<Int.random(in: 0...30, using: &source)).map { _ in alphabet.randomElement(using: &source) ?? 0 }
        if Bool.random(using: &source) {
          bytes.insert(contentsOf: noise, at: index)
        } else {
          bytes.removeSubrange(index..<min(bytes.count, index + noise.count))
        }
      }
      var answers = statuses(caller.send(bytes, Arrival.allCases.randomElement(using: &source) ?? .whole))
      for _ in 0..<Int.random(in: 0...2, using: &source) {
        switch Int.random(in: 0..<5, using: &source) {
        case 0: caller.forwarder.release()
        case 1: caller.advance(Double.random(in: 0...20, using: &source))
        case 2: if caller.isOpen { caller.closeInput() }
        case 3: caller.channel.close(promise: nil)
        default: answers += statuses(caller.send(post()))
        }
      }
      for _ in 0..<8 { caller.forwarder.release() }
      caller.advance(100)
      for _ in 0..<8 { caller.forwarder.release() }
      answers += statuses(caller.received())
      #expect(!caller.isOpen)
      #expect(caller.core.load.requests == 0 && caller.core.load.bytes == 0)
      #expect(answers.allSatisfy { (100..<600).contains($0) })
    }
  }
}
